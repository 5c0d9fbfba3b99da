"""An application's transaction emits an event; what a rule then writes starts the next rule, and a loop ends."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from ichor_activities import discover
from ichor_cli.main import run as ichor
from ichor_edgestore import EdgeStore, RunSummary, connected, emit_event, migrate
from ichor_models import Rule, RuleId
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import start_program

SHOP = "CREATE TABLE orders (id text PRIMARY KEY, total numeric, status text, rounds integer DEFAULT 0)"
ENTITIES = "entities: {orders: {readable: [total], writable: [status, rounds]}}"


def rule(name: str, event: str, field: str, value: str, *changed: str) -> dict[str, Any]:
    """Return a rule that sets a field of the event's row, when one of its fields changed to something."""
    conditions = [{"field_name": changed[0], "operator": "changed_to", "value": changed[1]}] if changed else []
    config = {"target_entity": "orders", "target_field": field, "new_value": value}
    return {
        "name": name,
        "trigger": {"entity": "orders", "event": event, "conditions": conditions},
        "actions": [{"name": "set", "type": "update_field", "config": config}],
        "edges": [{"source": None, "target": "set", "type": "start"}],
    }


async def save(pool: asyncpg.Pool, *rules: Mapping[str, Any]) -> dict[str, RuleId]:
    """Save rules and return their ids by name."""
    store, types = EdgeStore(pool), discover().catalogue
    saved = [await store.save_rule(Rule.model_validate(item), catalogue=types) for item in rules]
    return {item["name"]: found.rule_id for item, found in zip(rules, saved, strict=True)}


async def runs(pool: asyncpg.Pool, count: int) -> dict[str, RunSummary]:
    """Return so many runs by their rule, once all have ended and no event waits."""
    store = EdgeStore(pool)

    async def have_ended() -> bool:
        found = await store.list_runs()
        waiting = (await store.backlog()).outbox_pending
        return len(found) >= count and all(run.status.ended for run in found) and not waiting

    await until(have_ended, f"{count} runs ended")
    found = await store.list_runs()
    assert len(found) == count
    return {f"{run.rule_name} {run.status}": run for run in found}


@pytest.fixture
def environment(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_task_queue: str,
    tmp_path: Path,
) -> dict[str, str]:
    entities = tmp_path / "entities.yaml"
    entities.write_text(ENTITIES)
    return {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
        "ICHOR_ENTITIES": str(entities),
    }


@pytest.fixture
async def pool(postgres_database: Database) -> AsyncGenerator[asyncpg.Pool]:
    async with connected(postgres_database.url) as opened:
        await migrate(opened)
        await opened.execute(SHOP)
        yield opened


@asynccontextmanager
async def engine(environment: Mapping[str, str]) -> AsyncGenerator[None]:
    async with start_program("ichor_trigger", environment) as trigger, start_program("ichor_worker", environment):
        await trigger.ready()
        yield


async def order(pool: asyncpg.Pool, id: str, *, committed: bool = True) -> None:
    """Do what an application does: write a row and emit its event in one transaction."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("INSERT INTO orders (id, total, status) VALUES ($1, 1500, 'open')", id)
        await emit_event(
            connection, "on_create", "orders", id, raw_data={"id": id, "total": 1500}, event_id=f"created-{id}"
        )
        await (transaction.commit() if committed else transaction.rollback())


async def test_cascade(environment: dict[str, str], pool: asyncpg.Pool):
    first = rule("Hold new orders", "on_create", "status", "held")
    second = rule("Count holds", "on_update", "rounds", "{{ expr: rounds + 1 }}", "status", "held")
    ids = await save(pool, first, second)
    async with engine(environment):
        await order(pool, "none", committed=False)
        await order(pool, "17")
        found = await runs(pool, 2)
    row = await pool.fetchrow("SELECT status, rounds FROM orders")
    assert row
    assert tuple(row.values()) == ("held", 1)
    cause = await EdgeStore(pool).get_run(found["Count holds completed"].execution_id)
    assert cause.trigger_data["lineage"] == {
        "root": "created-17",
        "depth": 1,
        "visited": [f"{ids['Hold new orders']}:17"],
    }
    assert cause.trigger_data["field_changes"] == {"status": {"old_value": "open", "new_value": "held"}}
    assert (cause.trigger_data["total"], cause.trigger_data["status"]) == (1500, "held")


async def test_a_loop_ends_and_says_how_it_came_about(
    environment: dict[str, str],
    pool: asyncpg.Pool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    ids = await save(pool, rule("Round and round", "on_update", "rounds", "{{ expr: rounds + 1 }}"))
    await pool.execute("INSERT INTO orders (id, total, status) VALUES ('17', 1500, 'open')")
    async with engine(environment):
        await emit_event(pool, "on_update", "orders", "17", raw_data={"rounds": 0}, event_id="touched")
        found = await runs(pool, 2)
    assert await pool.fetchval("SELECT rounds FROM orders") == 1
    stopped = found["Round and round cancelled"]
    assert stopped.error_type == "loop"
    rule_id = ids["Round and round"]
    chain = f"event touched -> 'Round and round' ({rule_id}) for 17 -> 'Round and round' for 17"
    assert chain in (stopped.error or "")

    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def say(*arguments: str) -> Any:
        import asyncio

        assert await asyncio.to_thread(ichor, [*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    shown = await say("runs", "show", stopped.execution_id)
    assert chain in json.dumps(shown)
    listed = await say("runs")
    assert chain in json.dumps(listed)
