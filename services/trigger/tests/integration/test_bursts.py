"""An entity whose events come too fast keeps those of others not waiting, and a spurt of them no burst."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import aio_pika
from ichor_models import RuleId
from ichor_service import EVENTS, Stop, Unreachable, side_by_side
from ichor_testing import TemporalServer, Vhost, start_proxy, until
from ichor_trigger.events import EventsOptions, events
from ichor_trigger.links import Links
from temporalio.client import Client

FEW = EventsOptions(places=4, places_behind=2, spurt=3, per_second=0.001)


def rule(entity: str) -> dict[str, object]:
    return {
        "name": entity,
        "trigger": {"entity": entity, "event": "on_create"},
        "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
        "edges": [{"source": None, "target": "wait", "type": "start"}],
    }


@asynccontextmanager
async def at_work(links: Links) -> AsyncGenerator[None]:
    """Let the part work in this process."""
    part, stop = events(links, FEW), Stop(timedelta(seconds=10))

    async def consumes() -> bool:
        try:
            await part.probes["consumer"]()
        except Unreachable:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        group.create_task(side_by_side([part], stop))
        await until(consumes, "the part at work")
        try:
            yield
        finally:
            stop.ask()


async def send(vhost: Vhost, entity: str, count: int) -> None:
    async with await aio_pika.connect(vhost.url) as connection:
        exchange = await (await connection.channel()).get_exchange(EVENTS.exchange)
        for number in range(count):
            body = {"event_id": f"{entity} {number}", "event_type": "on_create", "entity_name": entity}
            await exchange.publish(aio_pika.Message(json.dumps(body).encode(), delivery_mode=2), entity)


def moved(links: Links) -> float | None:
    """Return how many events were let go because their entity had its share."""
    return links.registry.get_sample_value("ichor_messages_total", {"queue": EVENTS.queue, "outcome": "moved"})


async def priorities(client: Client, task_queue: str) -> Counter[tuple[str, int]]:
    """Return how many runs of each rule Temporal has, by their priority."""
    found = Counter[tuple[str, int]]()
    async for item in client.list_workflows(f"TaskQueue = '{task_queue}'"):
        described = await client.get_workflow_handle(item.id).describe()
        priority = described.raw_description.workflow_execution_info.priority.priority_key
        found[await described.static_summary() or "", priority] += 1
    return found


async def test_some_events_too_many_are_a_spurt_and_many_are_a_burst(
    environment: dict[str, str],
    links_to: Callable[[dict[str, str]], AbstractAsyncContextManager[Links]],
    save_rule: Callable[[object], Awaitable[RuleId]],
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
):
    for entity in ("orders", "parcels"):
        await save_rule(rule(entity))
    async with (
        start_proxy(shared_temporal.url) as proxy,
        links_to({**environment, "ICHOR_TEMPORAL_ADDRESS": proxy.url}) as links,
        at_work(links),
    ):
        proxy.silence()
        await send(rabbitmq_vhost, "orders", 20)
        await until(lambda: asyncio.sleep(0, moved(links) == 18), "18 events that moved")
        await send(rabbitmq_vhost, "parcels", 1)
        proxy.mend()
        expected = {("orders", 0): 2, ("orders", 4): 3, ("orders", 5): 15, ("parcels", 0): 1}

        async def all_run() -> bool:
            return await priorities(temporal_client, environment["ICHOR_TASK_QUEUE"]) == expected

        await until(all_run, f"runs with the priorities {expected}")
