"""Payloads in Temporal are encrypted, and the keys are rotated under runs that are under way."""

import asyncio
import json
import os
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from ichor_testing.engine_program import start_program
from ichor_testing.question_bench import QuestionBench
from temporalio.client import Client

SECRET = "nobody else's business"
OLD, NEW = (f"{name}:{b64encode(name.encode().ljust(32)).decode()}" for name in ("old", "new"))


class Installation:
    """A worker and a trigger that are replaced when their keys change, and the command line beside them."""

    def __init__(self, environment: dict[str, str], keys: Path) -> None:
        self._environment = {**environment, "ICHOR_ENCRYPTION_KEYS": str(keys)}
        self._keys = keys

    @asynccontextmanager
    async def running(self, keys: str) -> AsyncGenerator[None]:
        """Run both with these keys until the block ends."""
        self._keys.write_text(keys)
        async with (
            start_program("ichor_worker", self._environment) as worker,
            start_program("ichor_trigger", self._environment) as trigger,
        ):
            await worker.ready()
            await trigger.ready()
            yield
            assert (await worker.stop(), await trigger.stop()) == (0, 0)

    async def ichor(self, *arguments: str) -> dict[str, Any]:
        """Return what a command prints."""
        variables = {**os.environ, **self._environment}
        command = (sys.executable, "-m", "ichor_cli", *arguments, "--json")
        process = await create_subprocess_exec(*command, env=variables, stdout=PIPE, stderr=PIPE)
        out, error = await process.communicate()
        assert process.returncode == 0, (out, error)
        return json.loads(out)


async def kept_by_temporal(client: Client, workflow_id: str) -> tuple[set[str], bool]:
    """Return which keys encrypted the history of a run, and whether the secret can be read in it."""
    events = [
        event.SerializeToString() async for event in client.get_workflow_handle(workflow_id).fetch_history_events()
    ]
    data = b"".join(events)
    return {key for key in ("old", "new") if b"encryption-key-id\x12" + bytes([len(key)]) + key.encode() in data}, (
        SECRET.encode() in data
    )


async def test_keys_are_rotated_under_a_run(bench: QuestionBench, tmp_path: Path):
    installation = Installation(bench.environment, tmp_path / "keys")

    async def answer(question: AbstractIncomingMessage) -> None:
        await bench.reply(question.correlation_id, {"result": {"available": 3}})

    async with installation.running(OLD):
        await installation.ichor("fire", "--entity", "orders", "--set", f"remark={SECRET}")
        question = await bench.question()
    (run,) = await bench.store.list_runs()
    assert not run.status.ended
    async with installation.running(f"{NEW},{OLD}"):
        await answer(question)
        await bench.ended(run.execution_id)
        rerun = asyncio.create_task(installation.ichor("runs", "rerun", run.execution_id, "--wait"))
        await answer(await bench.question())
        again = await rerun
    shown = await installation.ichor("runs", "show", run.execution_id)
    assert (shown["status"], again["status"]) == ("completed", "completed")
    assert SECRET in json.dumps(shown)
    assert await kept_by_temporal(bench.temporal, shown["workflow_id"]) == ({"old", "new"}, False)
    assert await kept_by_temporal(bench.temporal, again["workflow_id"]) == ({"new"}, False)
