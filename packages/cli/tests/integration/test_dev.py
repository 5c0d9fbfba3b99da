"""`ichor dev`: everything comes up, is found from another shell, and goes again."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ichor_testing import until

type Write = Callable[..., Path]
type Document = dict[str, Any]

ICHOR = (sys.executable, "-m", "ichor_cli")


@asynccontextmanager
async def dev(folder: Path) -> AsyncGenerator[tuple[Process, Document]]:
    """Yield a running `ichor dev` with what it says of itself; a version of the worker changes nothing."""
    environment = {**os.environ, "ICHOR_BUILD_ID": "v9"}
    process = await asyncio.create_subprocess_exec(
        *ICHOR, "dev", "--json", cwd=folder, env=environment, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process, await asyncio.wait_for(_document(process), 240)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _document(process: Process) -> Document:
    assert process.stdout is not None
    text = ""
    while line := await process.stdout.readline():
        text += line.decode()
        if line == b"}\n":
            break
    return json.loads(text)


async def ichor(environment: dict[str, str], *arguments: str | Path) -> Document:
    process = await asyncio.create_subprocess_exec(
        *ICHOR, *map(str, arguments), "--json", env={**os.environ, **environment}, stdout=PIPE
    )
    out, _ = await process.communicate()
    return json.loads(out) | {"exit": process.returncode}


async def test_two_beside_each_other(write: Write, rule: Document, tmp_path: Path) -> None:
    file = write("rule.json", rule)
    async with dev(tmp_path) as (first, one), dev(tmp_path) as (second, two):
        assert not set(one["environment"].values()) & set(two["environment"].values()) - {"default"}
        environment = one["environment"]
        assert (await ichor(environment, "apply", file))["rules"][0]["result"] == "created"
        fired = await ichor(environment, "fire", "--entity", "orders", "--set", "total=5", "--wait")
        assert (fired["exit"], fired["runs"][0]["status"]) == (0, "completed")
        assert (await ichor(two["environment"], "rules"))["rules"] == []
        for process, number in ((first, signal.SIGINT), (second, signal.SIGTERM)):
            process.send_signal(number)
        _, err = await asyncio.wait_for(first.communicate(), 120)
        await asyncio.wait_for(second.communicate(), 120)
        assert (first.returncode, second.returncode) == (0, 0)
        assert b"Traceback" not in err
        logs = [Path(log) for log in (*one["logs"].values(), *two["logs"].values())]
        assert not any(log.exists() for log in logs)
        assert (await ichor(environment, "rules"))["error"]["code"] == "database_unreachable"


async def test_people_are_asked_until_they_answer(write: Write, tmp_path: Path) -> None:
    user = "b0000000-0000-0000-0000-000000000001"
    asking = {"approvers": [user], "approval_message": "May we?"}
    file = write(
        "asking.json",
        {
            "name": "Asking",
            "trigger": {"entity": "orders", "event": "on_create"},
            "actions": [{"name": "ask", "type": "seek_approval", "config": asking}],
            "edges": [{"source": None, "target": "ask", "type": "start"}],
        },
    )
    async with dev(tmp_path) as (process, document):
        environment = document["environment"]
        await ichor(environment, "apply", file)
        await ichor(environment, "fire", "--entity", "orders")
        told = await asyncio.wait_for(_told(process, "ichor approve"), 60)
        approval = told.split()[2]
        (waiting,) = (await ichor(environment, "approvals"))["approvals"]
        assert (waiting["approval_id"], waiting["message"]) == (approval, "May we?")
        stranger = await ichor(environment, "approve", approval, "--as", "somebody")
        assert (stranger["exit"], stranger["error"]["code"]) == (1, "not_an_approver")
        voted = await ichor(environment, "approve", approval, "--as", user, "--reason", "fine")
        assert (voted["exit"], voted["result"], voted["status"]) == (0, "decided", "approved")
        (run,) = (await ichor(environment, "runs"))["runs"]
        shown = await ichor(environment, "runs", "show", run["execution_id"])
        (action,) = shown["actions"]
        assert (action["result"]["output"], action["result"]["reason"]) == ("approved", "fine")
        api = document["api"]
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {api['token']}"}, timeout=60) as http:
            seen = (await http.get(f"{api['url']}/v1/approvals/{approval}")).json()
        assert (seen["status"], seen["votes"][0]["person"]) == ("approved", user)
        again = await ichor(environment, "approve", approval, "--as", user)
        assert (again["exit"], again["result"], again["status"], again["repeated"]) == (0, "decided", "approved", True)
        late = await ichor(environment, "approve", approval, "--as", user, "--reject")
        assert (late["exit"], late["error"]["code"]) == (1, "already_resolved")
        unknown = await ichor(environment, "approve", user, "--as", user)
        assert (unknown["exit"], unknown["error"]["code"]) == (3, "approval_not_found")


async def _told(process: Process, words: str) -> str:
    """Return the first line on stderr with these words."""
    assert process.stderr is not None
    while words not in (line := (await process.stderr.readline()).decode()):
        assert line, "it ended"
    return line


async def test_worker_that_dies_ends_it(write: Write, tmp_path: Path) -> None:
    said = (
        "TASK_QUEUE=from-dotenv",
        "ENTITIES=entities.yaml",
        "SMTP_URL=smtp://127.0.0.1:8025",
        "ENCRYPTION_KEYS=keys",
    )
    write(".env", "\n".join(f"ICHOR_{line}" for line in said))
    write("keys", f"k1:{'A' * 43}=\n")
    write("entities.yaml", "entities: {orders: {}}\n")
    async with dev(tmp_path) as (process, document):
        async with httpx.AsyncClient(timeout=60) as http:

            async def is_ready() -> bool:
                return (await http.get(document["health"]["ichor_trigger"])).is_success

            await until(is_ready, "the trigger")
        told = {name.removeprefix("ICHOR_"): value for name, value in document["environment"].items()}
        assert (told["TASK_QUEUE"], told["SMTP_URL"]) == ("from-dotenv", "smtp://127.0.0.1:8025")
        assert told["ENCRYPTION_KEYS"] == str(tmp_path / "keys")
        assert len(told["TOKEN_KEYS"]) > 16
        log = Path(document["logs"]["ichor_worker"])
        assert "from-dotenv" in await asyncio.to_thread(log.read_text)
        from ichor_testing.keeper import Keeper

        Keeper(str(log.parent)).ask("kill")
        _, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 3
    assert b"ichor_worker" in err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ICHOR_MAX_EVENT_BYTES", "many"),
        ("ICHOR_ENTITIES", "nowhere.yaml"),
        ("ICHOR_API_TOKENS", "nowhere.yaml"),
        ("ICHOR_TOKEN_KEYS", "short"),
    ],
)
async def test_a_wrong_setting_is_told_before_anything_starts(variable: str, value: str) -> None:
    environment = {**os.environ, variable: value}
    process = await asyncio.create_subprocess_exec(*ICHOR, "dev", env=environment, stdout=PIPE, stderr=PIPE)
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2
    assert err.startswith(f"ichor: {variable}".encode())


@pytest.mark.parametrize("line", [b"Starting PostgreSQL", b"Migrating", b"Starting the worker"])
async def test_interrupted_while_it_starts(tmp_path: Path, line: bytes) -> None:
    os.chmod(tmp_path, 0o711)
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(*ICHOR, "dev", env=environment, stdout=PIPE, stderr=PIPE)
    assert process.stderr is not None
    while line not in await asyncio.wait_for(process.stderr.readline(), 120):
        pass
    await asyncio.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0
    assert err.splitlines()[-1] == b"Stopping"
    assert b"Traceback" not in err
    assert os.listdir(tmp_path) == []


ADDRESSES = {
    "ICHOR_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x",
    "ICHOR_RABBITMQ_URL": "amqp://u:secret@127.0.0.1:1/x",
    "ICHOR_TEMPORAL_ADDRESS": "127.0.0.1:1",
}


@pytest.mark.parametrize("variable", ADDRESSES)
async def test_an_address_that_nobody_answers_at(variable: str) -> None:
    told = await asyncio.wait_for(ichor({variable: ADDRESSES[variable]}, "dev"), 120)
    assert (told["exit"], told["error"]["code"]) == (3, "server_unreachable")
    assert variable in told["error"]["message"]
    assert "127.0.0.1:1" in told["error"]["message"]
    assert "secret" not in told["error"]["message"]
