"""A program as its own process: how signals end it."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

PROGRAM = """
import asyncio
from ichor_service import Program, Reader

program = Program(Reader.CLI, "Does nothing.", 8099)

async def run(settings, stop, wanted):
    {body}

program.start(run)
"""
WAIT = "print('up', flush=True); await stop.wait()"


@asynccontextmanager
async def program(body: str, *, grace: str = "20s") -> AsyncGenerator[Process]:
    code = PROGRAM.format(body=body)
    environment = {"ICHOR_SHUTDOWN_GRACE": grace, "PATH": ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=environment, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def is_up(process: Process) -> None:
    assert process.stdout is not None
    assert await process.stdout.readline() == b"up\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_in_order(number: signal.Signals):
    async with program(WAIT) as process:
        await is_up(process)
        process.send_signal(number)
        assert await process.wait() == 0


async def test_a_second_signal_ends_it_at_once():
    async with program(
        "print('up', flush=True); await stop.wait(); print('up', flush=True); await asyncio.sleep(60)"
    ) as process:
        await is_up(process)
        process.send_signal(signal.SIGTERM)
        await is_up(process)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 128 + signal.SIGTERM


async def test_what_hangs_is_left_behind_after_the_grace():
    async with program("print('up', flush=True); await asyncio.sleep(60)", grace="500ms") as process:
        await is_up(process)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
