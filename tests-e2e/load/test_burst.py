"""A burst of events over a slow Temporal, with rules that fail in every way: all others run, each exactly once.

`ICHOR_LOAD_EVENTS` is the size of the burst; `make test-load` takes 10,000.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aio_pika
import asyncpg
import pytest
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule, RuleId
from ichor_testing import Database, Proxy, TemporalServer, Vhost, start_proxy, until
from ichor_testing.engine_program import EngineProgram, start_program
from temporalio.client import Client

ORDERS = int(os.environ.get("ICHOR_LOAD_EVENTS", "150"))
OF_EACH = max(ORDERS // 10, 55)
"""How many events of each bad rule; more than the trigger takes at once, so that they could take all its places."""
PATIENCE = 120 + ORDERS / 2
PAUSE = 0.2 if ORDERS < 1_000 else 2.0
PREFETCH = 50
MIB = 2**20
TRIGGER_MEMORY, WORKER_MEMORY = 250 * MIB, 500 * MIB
QUEUES = ["ichor.events.trigger", "ichor.events.spurt", "ichor.events.bulk", "ichor.events.retry"]
QUEUE = f'queue="{QUEUES[0]}"'
LOG = {"name": "act", "type": "log_audit_entry", "config": {"message": "{{ event_id }}"}}
NOT_ALLOWED = {
    "name": "act",
    "type": "update_field",
    "config": {"target_entity": "closed", "target_field": "status", "new_value": "x"},
}
REFUSING = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.automation_rules_id = '{rule}' THEN
        RAISE EXCEPTION 'no runs of this rule' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON workflow.automation_executions FOR EACH ROW EXECUTE FUNCTION refuse()
"""


def rule(entity: str, action: dict[str, Any], name: str = "", **trigger: Any) -> dict[str, Any]:
    return {
        "name": name or entity,
        "trigger": {"entity": entity, "event": "on_create", **trigger},
        "actions": [action],
        "edges": [{"source": None, "target": "act", "type": "start"}],
    }


RULES = [
    rule("orders", LOG),
    rule("orders", LOG, "never", conditions=[{"field_name": "total", "operator": "greater_than", "value": 9}]),
    rule("parcels", LOG),
    rule("failing", NOT_ALLOWED),
    rule("refused", LOG),
    rule("locked", LOG),
]


@dataclass
class Bench:
    """The servers, what was sent, and the two programs."""

    pool: asyncpg.Pool
    vhost: Vhost
    temporal: Client
    proxy: Proxy
    trigger: EngineProgram
    worker: EngineProgram
    rules: dict[str, RuleId]
    task_queue: str
    began: float = field(default_factory=time.monotonic)
    most: dict[str, float] = field(default_factory=dict[str, float])

    async def send(self, entity: str, count: int) -> None:
        """Publish so many events of an entity, with confirms."""
        async with await aio_pika.connect(self.vhost.url) as connection:
            exchange = await (await connection.channel()).get_exchange("ichor.events")
            for first in range(0, count, 500):
                numbers = range(first, min(first + 500, count))
                bodies = [{"event_id": f"{entity} {number}", "raw_data": {"total": 5}} for number in numbers]
                await asyncio.gather(*(exchange.publish(_message(entity, body), entity) for body in bodies))

    async def runs(self, entity: str, *statuses: str) -> int:
        """Return how many runs a rule has, of these statuses where some are named."""
        return await self.pool.fetchval(
            "SELECT count(*) FROM workflow.automation_executions WHERE automation_rules_id = $1"
            " AND (cardinality($2::text[]) = 0 OR status = ANY($2))",
            self.rules[entity],
            list(statuses),
        )

    async def have(self, entity: str, count: int, *statuses: str) -> None:
        """Wait until a rule has so many runs, and say when."""

        async def is_so() -> bool:
            await self.look()
            return await self.runs(entity, *statuses) >= count

        what = " ".join((f"{count} runs of {entity}", *statuses))
        await until(is_so, what, seconds=PATIENCE, pause=PAUSE)
        self.say(what)

    async def look(self) -> None:
        """Note the highest values of what has a bound."""
        for program, name in ((self.trigger, "trigger"), (self.worker, "worker")):
            for metric, value in (await program.metrics()).items():
                if metric.startswith(("process_resident", "ichor_messages_in_flight", "ichor_oldest", "ichor_queue")):
                    key = f"{name} {metric}"
                    self.most[key] = max(self.most.get(key, 0), value)

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:7.1f} s  {what}")


def _message(entity: str, body: dict[str, Any]) -> aio_pika.Message:
    whole = {"event_type": "on_create", "entity_name": entity, "entity_id": "1", **body}
    return aio_pika.Message(json.dumps(whole).encode(), delivery_mode=2, timestamp=datetime.now(UTC))


@pytest.fixture
async def bench(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
) -> AsyncGenerator[Bench]:
    async with (
        connected(postgres_database.url) as pool,
        start_proxy(shared_temporal.url) as proxy,
        # Of its own, since an action that is lost with its connection is tried again only after a minute.
        start_proxy(shared_temporal.url) as of_worker,
    ):
        await migrate(pool)
        rules = await _saved(pool)
        await pool.execute(REFUSING.format(rule=rules["refused"]))
        environment = {
            "ICHOR_DATABASE_URL": postgres_database.url,
            "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
            "ICHOR_TEMPORAL_ADDRESS": proxy.url,
            "ICHOR_TASK_QUEUE": temporal_task_queue,
        }
        async with (
            start_program("ichor_trigger", environment) as trigger,
            start_program("ichor_worker", environment | {"ICHOR_TEMPORAL_ADDRESS": of_worker.url}) as worker,
        ):
            await trigger.ready()
            await worker.ready()
            proxy.delay = of_worker.delay = 0.02
            yield Bench(pool, rabbitmq_vhost, temporal_client, proxy, trigger, worker, rules, temporal_task_queue)


async def _saved(pool: asyncpg.Pool) -> dict[str, RuleId]:
    store, catalogue = EdgeStore(pool), discover().catalogue
    saved = [(await store.save_rule(Rule.model_validate(item), catalogue=catalogue)).rule_id for item in RULES]
    return {item["name"]: rule_id for item, rule_id in zip(RULES, saved, strict=True)}


@asynccontextmanager
async def locked(pool: asyncpg.Pool, rule_id: RuleId) -> AsyncGenerator[None]:
    """Hold a rule's row, as a transaction does that somebody forgot."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM workflow.automation_rules WHERE id = $1 FOR UPDATE", rule_id)
        yield


async def is_seen(bench: Bench, *conditions: Callable[[dict[str, float]], bool]) -> None:
    """Wait until the trigger's metrics are as they should be."""

    async def is_so() -> bool:
        metrics = await bench.trigger.metrics()
        return all(condition(metrics) for condition in conditions)

    await until(is_so, "the metrics")


def of_all(metrics: dict[str, float], name: str) -> float:
    """Return the sum of a metric over all queues; a held message is in flight, and in none of them."""
    return sum(metrics[f'{name}{{queue="{queue}"}}'] for queue in QUEUES)


async def count_workflows(bench: Bench, wanted: int) -> None:
    async def is_so() -> bool:
        return (await bench.temporal.count_workflows(f"TaskQueue = '{bench.task_queue}'")).count >= wanted

    await until(is_so, f"{wanted} workflows in Temporal's list", seconds=PATIENCE)
    assert (await bench.temporal.count_workflows(f"TaskQueue = '{bench.task_queue}'")).count == wanted


async def all_but_the_locked(bench: Bench) -> None:
    """The burst: what is bad comes first, half of the orders come twice, and the trigger loses Temporal for a while."""
    for entity in ("refused", "locked", "failing"):
        await bench.send(entity, OF_EACH)
    await bench.send("orders", ORDERS // 2)
    await bench.send("parcels", OF_EACH)
    await bench.send("orders", ORDERS)
    bench.say("all events are sent")
    await bench.have("orders", ORDERS // 10)
    bench.proxy.cut()
    await bench.trigger.failing("temporal")
    bench.proxy.mend()
    bench.say("Temporal was away")
    await bench.have("parcels", OF_EACH, "completed")
    await bench.have("orders", ORDERS)
    await bench.have("failing", OF_EACH, "failed")


async def test_burst(bench: Bench) -> None:
    async with locked(bench.pool, bench.rules["locked"]):
        await all_but_the_locked(bench)
        await is_seen(
            bench,
            lambda now: of_all(now, "ichor_queue_messages") + of_all(now, "ichor_messages_in_flight") == OF_EACH,
            lambda now: max(now[f'ichor_oldest_message_age_seconds{{queue="{queue}"}}'] for queue in QUEUES) > 1,
            lambda now: now['ichor_queue_messages{queue="ichor.events.dead"}'] == OF_EACH,
            lambda now: now['ichor_up{server="temporal"}'] == 1,
        )
        assert await bench.runs("locked") == 0
    await bench.have("locked", OF_EACH, "completed")
    await bench.have("orders", ORDERS, "completed")
    metrics = await bench.trigger.metrics()
    dead = [f'ichor_dead_letters_total{{queue="{queue}",reason="unexpected_error"}}' for queue in QUEUES]
    assert sum(metrics.get(name, 0) for name in dead) == OF_EACH
    rows = await bench.pool.fetch("SELECT event_id FROM workflow.automation_executions")
    sent = {"orders": ORDERS, "parcels": OF_EACH, "failing": OF_EACH, "locked": OF_EACH}
    assert sorted(row["event_id"] for row in rows) == sorted(
        f"{entity} {number}" for entity, count in sent.items() for number in range(count)
    )
    await count_workflows(bench, len(rows))
    check_bounds(bench)


def check_bounds(bench: Bench) -> None:
    for name, value in sorted(bench.most.items()):
        print(f"at most {value:15,.0f}  {name}")
    most = bench.most
    # An acknowledged event counts until that is sent, and the next one may be there by then.
    assert most[f"trigger ichor_messages_in_flight{{{QUEUE}}}"] < 2 * PREFETCH
    assert most.get("trigger process_resident_memory_bytes", 0) < TRIGGER_MEMORY
    assert most.get("worker process_resident_memory_bytes", 0) < WORKER_MEMORY
