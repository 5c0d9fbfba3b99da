"""`ichor` as a process: how fast it starts, and how it ends when it is interrupted or nobody listens."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

type Write = Callable[..., Path]

ICHOR = (sys.executable, "-m", "ichor_cli")
HEAVY = ("temporalio", "asyncpg", "aio_pika", "testcontainers", "ichor_service", "httpx")


def hear_key_presses() -> None:
    """Take SIGINT as a terminal's child does, also below a parent that ignores it, as nohup's are."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@asynccontextmanager
async def started(*arguments: str | Path, **environment: str) -> AsyncGenerator[Process]:
    """Yield a process of `ichor`, killed where the block leaves it running."""
    process = await asyncio.create_subprocess_exec(
        *ICHOR,
        *map(str, arguments),
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **environment},
        preexec_fn=hear_key_presses,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def loaded_by(*arguments: str | Path) -> list[str]:
    """Return which heavy packages a command loads."""
    program = f"""
import io, sys
from contextlib import redirect_stdout
from ichor_cli.main import run
with redirect_stdout(io.StringIO()):
    run({[str(argument) for argument in arguments]})
print(*(name for name in {HEAVY} if name in sys.modules))
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().split()


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["validate"], ["simulate"], ["show"], ["test"], ["actions"], ["schema"], ["fire", "--help"]],
    ids=str,
)
async def test_starts_without_what_it_does_not_need(write: Write, rule: dict[str, Any], arguments: list[str]) -> None:
    file = write("case.json", {"graph": rule, "case": {}})
    takes_file = arguments[0] in ("validate", "simulate", "show", "test")
    assert await loaded_by(*arguments, *([file] if takes_file else [])) == []


async def test_help_names_every_command() -> None:
    async with started("--help", COLUMNS="120") as process:
        out, _ = await process.communicate()
    assert process.returncode == 0
    for command in ("validate", "simulate", "run", "test", "show", "apply", "fire", "runs", "dev", "migrate"):
        assert f" {command} " in out.decode()


async def test_no_command_shows_help() -> None:
    async with started() as process:
        await process.communicate()
    assert process.returncode == 2


async def test_nobody_listens(write: Write, rule: dict[str, Any]) -> None:
    rule["actions"][1]["config"]["message"] = "x" * 1_000_000
    reader, writer = os.pipe()
    os.close(reader)
    file = write("rule.json", rule)
    process = await asyncio.create_subprocess_exec(*ICHOR, "show", str(file), "--json", stdout=writer, stderr=PIPE)
    os.close(writer)
    _, err = await process.communicate()
    assert (process.returncode, err) == (141, b"")


async def test_interrupted_while_it_runs(write: Write, rule: dict[str, Any], tmp_path: Path) -> None:
    case = write("case.json", {"graph": rule, "case": {}})
    fifo = tmp_path / "fifo.json"
    os.mkfifo(fifo)
    async with started("simulate", case, "--case", fifo) as process:
        writer = await asyncio.to_thread(os.open, fifo, os.O_WRONLY)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        os.close(writer)
    assert (process.returncode, out, err) == (130, b"", b"")


async def test_a_bug_is_told_in_a_sentence(tmp_path: Path) -> None:
    package = tmp_path / "sitecustomize.py"
    package.write_text("import ichor_cli.action_types as types\ndef broken(): raise KeyError('oops')\n")
    with package.open("a") as stream:
        stream.write("types.catalogue = broken\n")
    for debug in ("", "1"):
        async with started("schema", "--json", PYTHONPATH=str(tmp_path), ICHOR_DEBUG=debug) as process:
            out, err = await process.communicate()
        assert process.returncode == 70
        assert b'"code": "bug"' in out
        assert b"KeyError: 'oops'" in out
        assert (b"Traceback" in err) is bool(debug)
