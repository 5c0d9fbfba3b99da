"""The relay is killed in the middle of a burst; every event arrives, in order per entity, and has its effect once."""

import json
from collections import defaultdict
from random import Random

import aio_pika
import asyncpg
from aio_pika.abc import AbstractIncomingMessage
from ichor_edgestore import EdgeStore, connected, emit_event, migrate
from ichor_models import CONTROL_TYPES, Catalogue, Rule
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import start_program

ENTITIES, EVENTS = 10, 200
RULE = {
    "name": "Every update",
    "trigger": {"entity": "orders", "event": "on_update"},
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}


GATE = 42
HOLD_DELETES = f"""
CREATE FUNCTION workflow.wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({GATE});
    RETURN NULL;
END
$$;
CREATE TRIGGER gate BEFORE DELETE ON workflow.outbox FOR EACH STATEMENT EXECUTE FUNCTION workflow.wait_at_the_gate();
"""
HOLD_MIDDLE = """
SELECT FROM workflow.outbox WHERE seq IN (
    SELECT seq FROM (
        SELECT seq, row_number() OVER (PARTITION BY entity_key ORDER BY seq) AS place FROM workflow.outbox
    ) AS counted
    WHERE place = 6
) FOR UPDATE
"""


async def emit(pool: asyncpg.Pool, random: Random) -> dict[str, list[str]]:
    """Emit the events, several in each transaction, and return their ids per entity in the order of the commits."""
    order: defaultdict[str, list[str]] = defaultdict(list)
    numbers = list(range(EVENTS))
    while numbers:
        together, numbers = numbers[: (size := random.randint(1, 4))], numbers[size:]
        async with pool.acquire() as connection, connection.transaction():
            for number in together:
                entity = f"o{number % ENTITIES}"
                event_id = await emit_event(connection, "on_update", "orders", entity, event_id=f"e{number:03}")
                order[entity].append(event_id)
    return dict(order)


async def waiting(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM workflow.outbox")


async def arrived(vhost: Vhost, count: int) -> None:
    """Return once the watcher has so many messages."""
    async with await aio_pika.connect(vhost.url) as connection:
        channel = await connection.channel()

        async def are_there() -> bool:
            queue = await channel.declare_queue("watcher", durable=True, passive=True)
            return (queue.declaration_result.message_count or 0) >= count

        await until(are_there, f"{count} messages", pause=0.005)


async def kill_between_publishing_and_settling(environment: dict[str, str], vhost: Vhost, pool: asyncpg.Pool) -> None:
    """Kill a relay that has published the first five events of each entity, and could not settle any."""
    await pool.execute(HOLD_DELETES)
    async with pool.acquire() as gate, gate.transaction():
        await gate.execute(f"SELECT pg_advisory_xact_lock({GATE})")
        await gate.execute(HOLD_MIDDLE)
        async with start_program("ichor_trigger", environment, "--only", "relay") as relay:
            await arrived(vhost, 5 * ENTITIES)
            await relay.kill()
    assert await waiting(pool) == EVENTS


async def received(vhost: Vhost) -> list[AbstractIncomingMessage]:
    """Return what a queue of the test's own got, in its order."""
    found: list[AbstractIncomingMessage] = []
    async with await aio_pika.connect(vhost.url) as connection:
        queue = await (await connection.channel()).get_queue("watcher")
        while (message := await queue.get(no_ack=True, fail=False, timeout=60)) is not None:
            found.append(message)
    return found


async def watch(vhost: Vhost) -> None:
    """Let a queue of the test's own have every event, too."""
    async with await aio_pika.connect(vhost.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("ichor.events", "topic", durable=True)
        await (await channel.declare_queue("watcher", durable=True)).bind(exchange, "#")


def first_arrivals(messages: list[AbstractIncomingMessage]) -> dict[str, list[str]]:
    """Return the ids of the events per entity, as each came for the first time."""
    order: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for message in messages:
        event = json.loads(message.body)
        order[event["entity_id"]][event["event_id"]] = None
    return {entity: list(ids) for entity, ids in order.items()}


async def test_kill_relay(
    postgres_database: Database, rabbitmq_vhost: Vhost, shared_temporal: TemporalServer, temporal_task_queue: str
):
    environment = {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
    }
    async with connected(postgres_database.url) as pool:
        await migrate(pool)
        await EdgeStore(pool).save_rule(Rule.model_validate(RULE), catalogue=Catalogue(CONTROL_TYPES))
        await watch(rabbitmq_vhost)
        order = await emit(pool, Random(7))
        await kill_between_publishing_and_settling(environment, rabbitmq_vhost, pool)
        async with start_program("ichor_trigger", environment, "--only", "relay") as second:
            await arrived(rabbitmq_vhost, 6 * ENTITIES)
            await second.kill()
        async with start_program("ichor_trigger", environment) as trigger:
            await trigger.ready()

            async def has_run() -> bool:
                rows = await pool.fetchval("SELECT count(*) FROM workflow.automation_executions")
                return await waiting(pool) == 0 and rows >= EVENTS

            await until(has_run, "all runs")
            assert await trigger.stop() == 0
        rows = await pool.fetch("SELECT event_id FROM workflow.automation_executions ORDER BY event_id")
    assert [row["event_id"] for row in rows] == [f"e{number:03}" for number in range(EVENTS)]
    assert first_arrivals(await received(rabbitmq_vhost)) == order
