"""Every server that the trigger needs goes away and comes back; nothing is lost and nothing done twice."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

import aio_pika
import asyncpg
import pytest
import pytest_asyncio
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule
from ichor_testing import (
    PostgresServer,
    RabbitServer,
    TemporalServer,
    start_postgres,
    start_rabbitmq,
    start_temporal,
    until,
)
from ichor_testing.engine_program import EngineProgram, start_program
from ichor_testing.server import Server

RULE = {
    "name": "Every order",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers that these tests may kill."""

    postgres: PostgresServer
    rabbitmq: RabbitServer
    temporal: TemporalServer

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ICHOR_DATABASE_URL": self.postgres.url,
            "ICHOR_RABBITMQ_URL": self.rabbitmq.url,
            "ICHOR_TEMPORAL_ADDRESS": self.temporal.url,
            "ICHOR_TASK_QUEUE": "outages",
        }


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Servers]:
    kept = tmp_path_factory.mktemp("temporal")
    async with (
        start_postgres() as postgres,
        start_rabbitmq() as rabbitmq,
        start_temporal(data_dir=kept) as temporal,
    ):
        async with connected(postgres.url) as pool:
            await migrate(pool)
            await EdgeStore(pool).save_rule(Rule.model_validate(RULE), catalogue=discover().catalogue)
        yield Servers(postgres, rabbitmq, temporal)


@asynccontextmanager
async def away(server: Server, program: EngineProgram, *checks: str) -> AsyncGenerator[None]:
    """Kill a server for the length of the block, and see that the program says so before and after."""
    await server.kill()
    for check in checks:
        await program.failing(check)
    try:
        yield
    finally:
        await server.restart()
    await program.ready()


async def send(servers: Servers, *event_ids: str) -> None:
    async with await aio_pika.connect(servers.rabbitmq.url) as connection:
        exchange = await (await connection.channel()).get_exchange("ichor.events")
        for event_id in event_ids:
            body = {"event_id": event_id, "event_type": "on_create", "entity_name": "orders", "entity_id": event_id}
            message = aio_pika.Message(json.dumps(body).encode(), delivery_mode=2)
            await exchange.publish(message, "orders.on_create")


async def ran(servers: Servers, event_id: str) -> None:
    """Return once the event has its one row and its workflow."""
    connection = await asyncpg.connect(servers.postgres.url)
    client = await servers.temporal.connect()
    query = "SELECT workflow_id FROM workflow.automation_executions WHERE event_id = $1"

    async def has_row() -> bool:
        return len(await connection.fetch(query, event_id)) == 1

    try:
        await until(has_row, f"the row of {event_id}")
        workflow_id: str = await connection.fetchval(query, event_id)
    finally:
        await connection.close()

    async def has_workflow() -> bool:
        return [found.id async for found in client.list_workflows(f"WorkflowId = '{workflow_id}'")] == [workflow_id]

    await until(has_workflow, f"the workflow of {event_id}")


async def test_servers_go_and_come_back_while_it_works(servers: Servers):
    async with start_program("ichor_trigger", servers.environment) as trigger:
        await trigger.ready()
        async with away(servers.postgres, trigger, "database"):
            await send(servers, "without database")
            await trigger.said("messages wait")
        await ran(servers, "without database")
        async with away(servers.temporal, trigger, "temporal"):
            await send(servers, "without temporal")
            await trigger.failing("consumer")
        await ran(servers, "without temporal")
        async with away(servers.rabbitmq, trigger, "broker", "consumer"):
            pass
        await send(servers, "after the broker")
        await ran(servers, "after the broker")
        assert await trigger.stop() == 0


async def test_it_waits_at_its_start_alive_and_says_once_what_is_missing(servers: Servers):
    await servers.postgres.kill()
    await servers.temporal.kill()
    async with start_program("ichor_trigger", servers.environment) as trigger:
        await trigger.failing("temporal")
        await trigger.said("not reachable, trying again", server="Temporal")
        await servers.temporal.restart()
        await trigger.said("reachable", server="Temporal")
        await trigger.said("not reachable, trying again", server="PostgreSQL")
        await servers.postgres.restart()
        await trigger.ready()
        said = [line for line in trigger.logs if line["message"] == "not reachable, trying again"]
        reasons = [line["reason"] for line in said if line["server"] == "Temporal"]
        assert all(earlier != later for earlier, later in pairwise(reasons))
        await send(servers, "after the start")
        await ran(servers, "after the start")


async def emit(servers: Servers, *event_ids: str) -> None:
    connection = await asyncpg.connect(servers.postgres.url)
    try:
        for event_id in event_ids:
            await connection.execute(
                "SELECT workflow.emit_event('on_create', 'orders', 'one order', event_id => $1)", event_id
            )
    finally:
        await connection.close()


async def test_the_relay_waits_for_servers_that_are_away_and_counts_no_attempt(servers: Servers):
    async with start_program("ichor_trigger", servers.environment) as trigger:
        await trigger.ready()
        await emit(servers, "emitted at once")
        await ran(servers, "emitted at once")
        async with away(servers.postgres, trigger, "relay"):
            pass
        await emit(servers, "after the database")
        await ran(servers, "after the database")
        # Last: a quorum queue of RabbitMQ 3.10 that is killed right after it was made may never confirm again.
        async with away(servers.rabbitmq, trigger, "relay"):
            await emit(servers, "without broker 1", "without broker 2")
        await ran(servers, "without broker 2")
        assert not [line for line in trigger.logs if line["message"] in ("event refused", "event given up")]
        assert await trigger.stop() == 0


async def test_it_can_be_stopped_while_everything_is_away():
    nowhere = {
        "ICHOR_DATABASE_URL": "postgresql://user:hidden@127.0.0.1:9/none",
        "ICHOR_RABBITMQ_URL": "amqp://user:hidden@127.0.0.1:9/",
        "ICHOR_TEMPORAL_ADDRESS": "127.0.0.1:9",
    }
    async with start_program("ichor_trigger", nowhere, "--only", "events") as trigger:
        await trigger.failing("broker")
        await trigger.said("not reachable, trying again", server="RabbitMQ")
        await trigger.failing_only("temporal", "database", "broker", "consumer")
        metrics = await trigger.metrics()
        up = {name: value for name, value in metrics.items() if name.startswith(("ichor_up", "ichor_ready"))}
        servers = ("temporal", "database", "broker")
        assert up == {"ichor_ready": 0, **{f'ichor_up{{server="{server}"}}': 0 for server in servers}}
        assert not [name for name in metrics if name.startswith(("ichor_pending_runs", "ichor_queue_messages"))]
        assert await trigger.stop() == 0
        assert "hidden" not in trigger.log.read_text()
