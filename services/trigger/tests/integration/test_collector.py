"""Large values of runs that ended long ago go, but for those that the runs' rows refer to."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, whole_result
from ichor_models import (
    ActionCall,
    ActionRecord,
    ActionState,
    EntityEvent,
    RuleId,
    RunHeader,
    RunRecord,
    RunStatus,
    ValueLimit,
)
from ichor_testing import until
from ichor_testing.engine_program import start_program
from ichor_trigger.collector import KEPT, Collector
from ichor_trigger.links import Links
from pydantic import JsonValue

type SaveRule = Callable[[object], Awaitable[RuleId]]

RULE = {
    "name": "Every order",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}
WHOLE: dict[str, JsonValue] = {"output": "success", "text": "x" * 1_000_000}
RESULT, BODIES = ValueLimit().fit(WHOLE)


@pytest.fixture
async def run(pool: asyncpg.Pool, save_rule: SaveRule) -> RunHeader:
    """A run with a large result, a value of a failed attempt, and something large that was sent to Temporal."""
    store = EdgeStore(pool)
    event = EntityEvent.model_validate({"event_id": "e1", "event_type": "on_create", "entity_name": "orders"})
    pinned = await store.pin_run(await save_rule(RULE), event)
    run = pinned.request.run
    call = ActionCall(run=run, key="k", name="wait", type="delay", config={})
    await store.journal.completed(call, RESULT, BODIES)
    await store.values.put(run.execution_id, {"orphan": b"1"})
    await store.values.put(pinned.workflow_id, {"sent": b"2"})
    return run


async def end(pool: asyncpg.Pool, run: RunHeader) -> None:
    action = ActionRecord(key="k", name="wait", type="delay", state=ActionState.COMPLETED, result=RESULT)
    record = RunRecord(status=RunStatus.COMPLETED, actions=(action,), order=())
    await EdgeStore(pool).run_ended(run.execution_id, record)


async def age(pool: asyncpg.Pool, days: float) -> None:
    """Let all that happened have happened so much earlier."""
    await pool.execute("UPDATE workflow.automation_executions SET ended_at = ended_at - $1 * interval '1 day'", days)
    await pool.execute("UPDATE workflow.payloads SET created_at = created_at - $1 * interval '1 day'", days)


async def keys(pool: asyncpg.Pool) -> set[str]:
    return {row["key"] for row in await pool.fetch("SELECT key FROM workflow.payloads")}


async def test_nothing_goes_before_its_time(links: Links, pool: asyncpg.Pool, run: RunHeader):
    everything = await keys(pool)
    await age(pool, KEPT.days + 1)
    await Collector(links).round()
    assert await keys(pool) == everything
    await end(pool, run)
    await age(pool, KEPT.days - 1)
    await Collector(links).round()
    assert await keys(pool) == everything


async def test_of_a_run_of_long_ago_stays_what_its_row_refers_to(links: Links, pool: asyncpg.Pool, run: RunHeader):
    await end(pool, run)
    await age(pool, KEPT.days + 1)
    for _ in range(2):
        await Collector(links).round()
        assert await keys(pool) == set(BODIES)
    assert await whole_result(EdgeStore(pool), run.execution_id, "wait") == WHOLE
    await pool.execute("DELETE FROM workflow.automation_executions")
    assert await keys(pool) == set()


async def test_one_round_goes_through_all_that_is_over(links: Links, pool: asyncpg.Pool):
    store = EdgeStore(pool)
    for number in range(201):
        await store.values.put(f"gone-{number}", {"k": b"1"})
    await age(pool, KEPT.days + 1)
    await Collector(links).round()
    assert await keys(pool) == set()


async def test_the_reaper_collects(environment: dict[str, str], pool: asyncpg.Pool, run: RunHeader):
    await end(pool, run)
    await age(pool, KEPT.days + 1)

    async def is_collected() -> bool:
        return await keys(pool) == set(BODIES)

    async with start_program("ichor_trigger", environment, "--only", "reaper") as trigger:
        await trigger.ready()
        await until(is_collected, "the collection")
