"""Temporal and the database go away and come back while the worker works; its runs go on."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_executor.temporal import start_run
from ichor_models import EntityEvent, ExecutionId, Rule, RuleId, RunStatus
from ichor_testing import PostgresServer, TemporalServer, start_postgres, start_temporal, until
from ichor_testing.engine_program import EngineProgram, start_program
from ichor_testing.server import Server

NOTE = {"type": "log_audit_entry", "config": {"entity_name": "orders", "action": "noted", "message": "{{event_id}}"}}
RULE: dict[str, Any] = {
    "name": "Noted",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [{"name": "rest", "type": "delay", "config": {"duration": "1s"}}, {"name": "note", **NOTE}],
    "edges": [
        {"source": None, "target": "rest", "type": "start"},
        {"source": "rest", "target": "note", "type": "sequence"},
    ],
}


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers that these tests may kill, and the rule that they know."""

    postgres: PostgresServer
    temporal: TemporalServer
    rule_id: RuleId

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ICHOR_DATABASE_URL": self.postgres.url,
            "ICHOR_TEMPORAL_ADDRESS": self.temporal.url,
            "ICHOR_TASK_QUEUE": "outages",
        }

    async def begin(self, event_id: str) -> ExecutionId:
        event = {"event_id": event_id, "event_type": "on_create", "entity_name": "orders"}
        async with connected(self.postgres.url) as pool:
            pinned = await EdgeStore(pool).pin_run(self.rule_id, EntityEvent.model_validate(event))
        client = await self.temporal.connect()
        await start_run(client, pinned.request, workflow_id=pinned.workflow_id, task_queue="outages")
        return pinned.execution_id

    async def completed(self, run: ExecutionId) -> None:
        async with connected(self.postgres.url) as pool:
            store = EdgeStore(pool)

            async def is_so() -> bool:
                return (await store.get_run(run)).status is RunStatus.COMPLETED

            await until(is_so, "the end of the run")

    async def notes(self) -> list[str]:
        query = "SELECT message FROM workflow.audit_log ORDER BY message"
        async with connected(self.postgres.url) as pool:
            return [row["message"] for row in await pool.fetch(query)]


@pytest_asyncio.fixture(loop_scope="session")
async def servers(tmp_path: Path) -> AsyncGenerator[Servers]:
    async with start_postgres() as postgres, start_temporal(data_dir=tmp_path / "temporal") as temporal:
        async with connected(postgres.url) as pool:
            await migrate(pool)
            saved = await EdgeStore(pool).save_rule(Rule.model_validate(RULE), catalogue=discover().catalogue)
        yield Servers(postgres, temporal, saved.rule_id)


@asynccontextmanager
async def away(server: Server, program: EngineProgram, check: str) -> AsyncGenerator[None]:
    await server.kill()
    await program.failing(check)
    try:
        yield
    finally:
        await server.restart()
    await program.ready()


async def test_servers_go_and_come_back_while_runs_are_under_way(servers: Servers):
    async with start_program("ichor_worker", servers.environment) as worker:
        await worker.ready()
        first = await servers.begin("without temporal")
        async with away(servers.temporal, worker, "temporal"):
            await worker.failing_only("temporal")
        await servers.completed(first)
        second = await servers.begin("without database")
        async with away(servers.postgres, worker, "database"):
            await worker.failing_only("database")
        await servers.completed(second)
        assert await servers.notes() == ["without database", "without temporal"]
        assert await worker.stop() == 0


async def test_it_waits_at_its_start_for_servers_that_come_later(servers: Servers):
    await servers.postgres.kill()
    await servers.temporal.kill()
    async with start_program("ichor_worker", servers.environment) as worker:
        await worker.said("not reachable, trying again", server="Temporal")
        await worker.failing_only("temporal", "database", "worker")
        await servers.temporal.restart()
        await worker.said("not reachable, trying again", server="PostgreSQL")
        await servers.postgres.restart()
        await worker.ready()
        await servers.completed(await servers.begin("late"))


async def test_a_port_in_use_is_a_clear_error(servers: Servers):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with start_program("ichor_worker", servers.environment | {"ICHOR_HTTP_PORT": str(port)}) as worker:
            assert await worker.ended() == 3
            assert f"Port {port} of 127.0.0.1 is in use" in worker.complaint
