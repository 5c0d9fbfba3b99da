"""The engine is pointed at the database of an existing installation, and runs the rules that are stored there."""

import json
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
from ichor_edgestore import EdgeStore, RunView, connected, migrate
from ichor_testing import Database, TemporalServer, Vhost, start_smtp, until
from ichor_testing.engine_program import start_program

ROOT = Path(__file__).parent
SCHEMA = (
    ROOT.parent / "packages/edgestore/tests/integration/ichor_schema.sql",
    ROOT.parent / "packages/edgestore/tests/integration/ichor_rows.sql",
    ROOT / "existing/orders.sql",
)
ENTITIES = "entities: {sales.orders: {readable: [id, number, status, total], writable: [status]}}"
HOLD = "20000000-0000-4000-8000-000000000101"


def order(number: int, total: str, event_type: str) -> dict[str, Any]:
    """Return what the application says of an order; money is text there."""
    return {
        "event_id": f"outbox-{event_type}-{number}",
        "event_type": event_type,
        "entity_name": "orders",
        "entity_id": f"60000000-0000-4000-8000-{number:012}",
        "timestamp": "2026-11-23T20:00:00Z",
        "raw_data": {"number": f"A-{number}", "total": total, "status": "open"},
        "field_changes": {"status": {"old_value": "draft", "new_value": "open"}},
    }


async def send(vhost: Vhost, *events: dict[str, Any]) -> None:
    async with await aio_pika.connect(vhost.url) as connection:
        exchange = await (await connection.channel()).get_exchange("ichor.events")
        for event in events:
            message = aio_pika.Message(json.dumps(event).encode(), delivery_mode=2)
            await exchange.publish(message, f"orders.{event['event_type']}")


async def ended(store: EdgeStore, count: int) -> dict[tuple[str | None, str], RunView]:
    """Return so many runs by rule and event, once all have ended."""

    async def have_ended() -> bool:
        runs = await store.list_runs()
        return len(runs) == count and all(run.status.ended for run in runs)

    await until(have_ended, f"{count} runs ended")
    views = [await store.get_run(run.execution_id) for run in await store.list_runs()]
    return {(view.rule_name, view.event_id): view for view in views}


def states(view: RunView) -> dict[str, str]:
    return {action.name: str(action.state) for action in view.actions}


async def prepare(pool: asyncpg.Pool) -> None:
    for file in SCHEMA:
        await pool.execute(file.read_text(encoding="utf-8"))
    await migrate(pool)


async def test_existing_installation(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_task_queue: str,
    tmp_path: Path,
):
    entities = tmp_path / "entities.yaml"
    entities.write_text(ENTITIES)
    async with start_smtp() as mail, connected(postgres_database.url) as pool:
        await prepare(pool)
        environment = {
            "ICHOR_DATABASE_URL": postgres_database.url,
            "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
            "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
            "ICHOR_TASK_QUEUE": temporal_task_queue,
            "ICHOR_SMTP_URL": mail.url,
            "ICHOR_ENTITIES": str(entities),
        }
        async with start_program("ichor_trigger", environment) as trigger, start_program("ichor_worker", environment):
            await trigger.ready()
            await send(rabbitmq_vhost, order(1, "6000", "on_update"), order(2, "20", "on_update"))
            await send(rabbitmq_vhost, order(1, "2000", "on_create"))
            runs = await ended(EdgeStore(pool), 4)

        large, small = (runs["Hold large orders", f"outbox-on_update-{number}"] for number in (1, 2))
        assert (large.status, small.status) == ("completed", "completed")
        assert states(large) == dict.fromkeys(["Over-Order?", "Over-Order Hold", "Tell Sales", "Log It"], "completed")
        assert states(small)["Over-Order Hold"] == states(small)["Tell Sales"] == "skipped"
        (letter,) = [item for item in mail.received if item.recipients == ("sales@example.com",)]
        assert letter.message["Subject"] == "A-1: 1 held"
        assert letter.message.get_content().strip() == "from draft to open"
        assert await pool.fetchval("SELECT array_agg(status ORDER BY number) FROM sales.orders") == ["held", "open"]
        said = await pool.fetch(
            "SELECT message, entity_id::text = row_id FROM workflow.audit_log WHERE rule_id = $1 ORDER BY message", HOLD
        )
        assert [tuple(row) for row in said] == [("a-1 was checked", True), ("a-2 was checked", True)]

        approval, broken = (runs[name, "outbox-on_create-1"] for name in ("Order approval", "Broken actions"))
        assert states(approval)["Notify#2"] == "completed"
        assert broken.status == "failed"
        assert "no JSON object" in (broken.error or "")
