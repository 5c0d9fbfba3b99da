"""A burst of events of one rule, then few of another rule: those wait for their turn, not for the burst.

`ICHOR_LOAD_EVENTS` is the size of the burst; `make test-load` takes 10,000.
"""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import aio_pika
import asyncpg
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import start_program

BURST = int(os.environ.get("ICHOR_LOAD_EVENTS", "300"))
OTHERS = 40 if BURST >= 2_000 else 1
"""How many the few are: more than have a place at once, where the burst is more than a spurt."""
PATIENCE = 120 + BURST / 5
FAILS = {"type": "update_field", "config": {"target_entity": "none", "target_field": "status", "new_value": "x"}}
LOGS = {"type": "log_audit_entry", "config": {"message": "here"}}
COUNT = """
SELECT count(*) FROM workflow.automation_executions
JOIN workflow.automation_rules rules ON rules.id = automation_rules_id WHERE name = $1 AND status = ANY($2)
"""


def chain(entity: str, action: Mapping[str, object]) -> Rule:
    """Return a rule of three steps that all try, whatever became of those before."""
    names = ["first", "second", "third"]
    ways = zip([None, *names], names, ["start", "always", "always"], strict=False)
    edges = [{"source": source, "target": target, "type": kind} for source, target, kind in ways]
    return Rule.model_validate(
        {
            "name": entity,
            "trigger": {"entity": entity, "event": "on_create"},
            "actions": [{"name": name, **action} for name in names],
            "edges": edges,
        }
    )


async def ended(pool: asyncpg.Pool, rule: str) -> int:
    return await pool.fetchval(COUNT, rule, ["completed", "failed"])


async def publish(vhost: Vhost, entity: str, count: int) -> None:
    async with await aio_pika.connect(vhost.url) as connection:
        exchange = await (await connection.channel()).get_exchange("ichor.events")

        async def one(number: int) -> None:
            event = {"event_id": f"{entity} {number}", "event_type": "on_create", "entity_name": entity}
            body = json.dumps({**event, "entity_id": str(number)}).encode()
            await exchange.publish(aio_pika.Message(body, delivery_mode=2, timestamp=datetime.now(UTC)), entity)

        for first in range(0, count, 500):
            await asyncio.gather(*(one(number) for number in range(first, min(first + 500, count))))


async def test_a_rule_does_not_wait_for_the_burst_of_another(
    postgres_database: Database, rabbitmq_vhost: Vhost, shared_temporal: TemporalServer, temporal_task_queue: str
):
    async with connected(postgres_database.url) as pool:
        await migrate(pool)
        store, catalogue = EdgeStore(pool), discover().catalogue
        for rule in (chain("failing", FAILS), chain("parcels", LOGS)):
            await store.save_rule(rule, catalogue=catalogue)
        environment = {
            "ICHOR_DATABASE_URL": postgres_database.url,
            "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
            "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
            "ICHOR_TASK_QUEUE": temporal_task_queue,
        }
        async with start_program("ichor_trigger", environment) as trigger, start_program("ichor_worker", environment):
            await trigger.ready()
            began = time.monotonic()

            async def have_ended(rule: str, count: int) -> None:
                async def is_so() -> bool:
                    return await ended(pool, rule) >= count

                await until(is_so, f"{count} runs of {rule}", seconds=PATIENCE, pause=0.02)
                print(f"{time.monotonic() - began:7.1f} s  {count} runs of {rule}")

            await publish(rabbitmq_vhost, "failing", BURST)
            await have_ended("failing", 1)
            sent = time.monotonic()
            await publish(rabbitmq_vhost, "parcels", OTHERS)
            await have_ended("parcels", OTHERS)
            before = await ended(pool, "failing")
            took = time.monotonic() - sent
            print(f"{OTHERS} of the other rule ended after {took:.2f} s, with {before} of {BURST} before them")
            assert before < BURST / 2
            await have_ended("failing", BURST)
