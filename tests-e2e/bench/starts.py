"""An event until its run is started, through the trigger, against a bare start with the same row inserted."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import aio_pika
from bare_consumer import bare_consumer
from duel import duel
from effort import Effort
from fed_trigger import FedTrigger
from figure import AtLeast, Figure, Spread
from ichor_edgestore import EdgeStore
from ichor_models import EntityEvent, parse_event
from ichor_service import Link, Settings
from ichor_testing import (
    isolated_task_queue,
    isolated_vhost,
    start_postgres,
    start_rabbitmq,
    start_temporal,
)
from ichor_testing.engine_program import start_program
from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links
from ichor_trigger.run_starter import RunStarter
from order_event import order_event
from rows import open_pool, save
from shape import chain
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy

_AT_ONCE = 50
"""As many as the trigger takes from its queue at once."""
_INSERT = """
INSERT INTO workflow.automation_executions (
    id, automation_rules_id, entity_type, trigger_data, status, executed_at, trigger_source, event_id, rerun,
    workflow_id, event, options, graph_version, actions_executed
)
SELECT $1::uuid, id, 'orders', $2, 'pending', now(), 'automation', $3, 0, $4, $2, '{}', $5, '[]'
FROM workflow.automation_rules
"""


@dataclass(frozen=True, slots=True)
class Starts:
    """Starts runs of one rule in each way; no worker takes them, so that only starting is measured."""

    store: EdgeStore
    execute: Callable[..., Awaitable[object]]
    temporal: Client
    starter: RunStarter
    task_queue: str
    version: str
    events: int

    async def bare(self) -> float:
        """Insert rows and start workflows, and return how many a second."""
        return await self._all(self.start_bare)

    async def start_bare(self, body: bytes) -> None:
        """Insert a row and start a workflow for one event."""
        event = json.loads(body)
        workflow_id = f"bare-{event['event_id']}"
        await self.execute(_INSERT, uuid4(), event, event["event_id"], workflow_id, self.version)
        await self.temporal.start_workflow(
            "HandWritten",
            event,
            id=workflow_id,
            task_queue=self.task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )

    async def ours(self) -> float:
        """Start runs as the trigger does, and return how many a second."""

        async def one(body: bytes) -> None:
            assert await self.starter.start(parse_event(body)) == 1

        return await self._all(one)

    async def _all(self, one: Callable[[bytes], Awaitable[None]]) -> float:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def gated(body: bytes) -> None:
            async with gate:
                await one(body)

        bodies = [order_event() for _ in range(self.events)]
        began = time.perf_counter()
        await asyncio.gather(*map(gated, bodies))
        return self.events / (time.perf_counter() - began)


async def measure(effort: Effort) -> list[Figure]:
    """Measure within this process, then the program `ichor-trigger` against a consumer, both behind RabbitMQ."""
    events = 1000 if effort.full else 200
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(start_postgres())
        temporal = await stack.enter_async_context(start_temporal())
        rabbitmq = await stack.enter_async_context(start_rabbitmq())
        vhost = await stack.enter_async_context(isolated_vhost(rabbitmq))
        database, pool = await stack.enter_async_context(open_pool(postgres))
        store, queue, client = EdgeStore(pool), isolated_task_queue(), await temporal.connect()
        rule_id = await save(store, chain(20).rule)
        pinned = await store.pin_run(rule_id, EntityEvent.model_validate_json(order_event()))
        links = Links(Settings(task_queue=queue), await _linked(client), await _linked(store))
        starter = RunStarter(store, Launcher(links))
        version = pinned.request.graph.version
        starts = Starts(store, pool.execute, client, starter, queue, version, events)
        found = await duel(effort.rounds, starts.ours, starts.bare)
        environment = {
            "ICHOR_DATABASE_URL": database.url,
            "ICHOR_RABBITMQ_URL": vhost.url,
            "ICHOR_TEMPORAL_ADDRESS": temporal.url,
            "ICHOR_TASK_QUEUE": queue,
        }
        trigger = await stack.enter_async_context(start_program("ichor_trigger", environment))
        await trigger.ready()
        broker = await stack.enter_async_context(await aio_pika.connect(vhost.url))
        exchange = await (await broker.channel()).get_exchange("ichor.events")
        program = FedTrigger(trigger, exchange, events)
        consumer = await stack.enter_async_context(bare_consumer(vhost.url, starts.start_bare, events, _AT_ONCE))
        apart = await duel(effort.rounds, program.ours, consumer.bare)
    return [
        found.figure("event to start", "starts/s", AtLeast(0.8)),
        apart.figure("event to start, with RabbitMQ", "starts/s", AtLeast(0.8)),
        Figure("trigger, CPU of an event", Spread.of(program.cpu), "ms"),
    ]


async def _linked[T](opened: T) -> Link[T]:
    async def connect() -> T:
        return opened

    async def ask(_: T) -> None:
        return

    link = Link(connect, ask)
    await link.connect()
    return link
