"""The trigger is killed in the middle of a burst of events; every event still starts exactly one run."""

import json
from random import Random

import aio_pika
import asyncpg
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import EngineProgram, start_program
from temporalio.client import Client

GATE = 42
HOLD_THE_LATER = f"""
CREATE FUNCTION workflow.wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.event_id >= 'e100' THEN
        PERFORM pg_advisory_xact_lock_shared({GATE});
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER gate BEFORE INSERT ON workflow.automation_executions
FOR EACH ROW EXECUTE FUNCTION workflow.wait_at_the_gate();
"""
EVENTS = 150
DUPLICATES = 50
RULES = [
    {
        "name": name,
        "trigger": {"entity": "orders", "event": "on_create"},
        "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
        "edges": [{"source": None, "target": "wait", "type": "start"}],
    }
    for name in ("First", "Second")
]


def burst(random: Random) -> list[str]:
    """Return the ids of the events in the order in which they are sent, some of them twice."""
    ids = [f"e{number:03}" for number in range(EVENTS)]
    ids += random.sample(ids, DUPLICATES)
    random.shuffle(ids)
    return ids


async def send(vhost: Vhost, event_ids: list[str]) -> None:
    async with await aio_pika.connect(vhost.url) as connection:
        exchange = await (await connection.channel()).get_exchange("ichor.events")
        for event_id in event_ids:
            body = {"event_id": event_id, "event_type": "on_create", "entity_name": "orders", "entity_id": event_id}
            message = aio_pika.Message(json.dumps(body).encode(), delivery_mode=2)
            await exchange.publish(message, "orders.on_create")


async def rows(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM workflow.automation_executions")


async def kill_in_the_middle(trigger: EngineProgram, pool: asyncpg.Pool, done: int) -> None:
    async def is_in_the_middle() -> bool:
        return await rows(pool) > done

    await until(is_in_the_middle, f"more than {done} rows", pause=0.002)
    await trigger.kill()


async def test_kill_trigger(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
):
    environment = {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
    }

    async def started() -> list[str]:
        query = f"TaskQueue = '{temporal_task_queue}'"
        return sorted([execution.id async for execution in temporal_client.list_workflows(query)])

    async def are_all_listed() -> bool:
        return len(await started()) >= len(wanted)

    async with connected(postgres_database.url) as pool:
        await migrate(pool)
        store, catalogue = EdgeStore(pool), discover().catalogue
        rules = [(await store.save_rule(Rule.model_validate(rule), catalogue=catalogue)).rule_id for rule in RULES]
        wanted = sorted(f"rule-{rule}-e{number:03}" for rule in rules for number in range(EVENTS))

        await pool.execute(HOLD_THE_LATER)
        async with pool.acquire() as gate, gate.transaction():
            await gate.execute(f"SELECT pg_advisory_xact_lock({GATE})")
            async with start_program("ichor_trigger", environment) as first:
                await first.ready()
                await send(rabbitmq_vhost, burst(Random(7)))
                await kill_in_the_middle(first, pool, 20)
        assert await rows(pool) < EVENTS * len(RULES)
        async with start_program("ichor_trigger", environment) as second:
            await kill_in_the_middle(second, pool, 120)
        async with start_program("ichor_trigger", environment) as third:
            await until(are_all_listed, "all workflows in Temporal's list")
            assert await third.stop() == 0
        found = await pool.fetch("SELECT workflow_id FROM workflow.automation_executions")
    assert sorted(row["workflow_id"] for row in found) == wanted
    assert await started() == wanted
