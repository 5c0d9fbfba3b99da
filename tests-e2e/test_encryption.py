"""Payloads in Temporal are encrypted, and the keys are rotated under runs that are under way."""

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

from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import start_program
from temporalio.client import Client

SECRET = "nobody else's business"
OLD, NEW = (f"{name}:{b64encode(name.encode().ljust(32)).decode()}" for name in ("old", "new"))
RULE: dict[str, Any] = {
    "name": "Told twice",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [
        {"name": "before", "type": "log_audit_entry", "config": {"message": "{{remark}}"}},
        {"name": "wait", "type": "delay", "config": {"duration": "5s"}},
        {"name": "after", "type": "log_audit_entry", "config": {"message": "{{remark}} {{before.status}}"}},
    ],
    "edges": [
        {"source": None, "target": "before", "type": "start"},
        {"source": "before", "target": "wait", "type": "sequence"},
        {"source": "wait", "target": "after", "type": "sequence"},
    ],
}


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


async def test_keys_are_rotated_under_a_run(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
    tmp_path: Path,
):
    servers = {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
    }
    installation = Installation(servers, tmp_path / "keys")
    async with connected(postgres_database.url) as pool:
        await migrate(pool)
        store = EdgeStore(pool)
        await store.save_rule(Rule.model_validate(RULE), catalogue=discover().catalogue)

        async def is_under_way() -> bool:
            return await pool.fetchval("SELECT count(*) FROM workflow.audit_log") == 1

        async with installation.running(OLD):
            await installation.ichor("fire", "--entity", "orders", "--set", f"remark={SECRET}")
            await until(is_under_way, "the first action")
        (run,) = await store.list_runs()
        assert not run.status.ended

        async def has_ended() -> bool:
            return (await store.get_run(run.execution_id)).status.ended

        async with installation.running(f"{NEW},{OLD}"):
            await until(has_ended, "the end of the run")
            again = await installation.ichor("runs", "rerun", run.execution_id, "--wait")
        shown = await installation.ichor("runs", "show", run.execution_id)
    assert (shown["status"], again["status"]) == ("completed", "completed")
    assert SECRET in json.dumps(shown)
    assert await kept_by_temporal(temporal_client, shown["workflow_id"]) == ({"old", "new"}, False)
    assert await kept_by_temporal(temporal_client, again["workflow_id"]) == ({"new"}, False)
