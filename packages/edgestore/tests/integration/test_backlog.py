"""What waits in the database, and a rule that somebody locked."""

from collections.abc import Callable
from datetime import timedelta

import asyncpg
import pytest
from ichor_edgestore import Backlog, EdgeStore, Refusal, StoreContended
from ichor_models import ActionCall, Catalogue, EntityEvent, Question, Rule, RuleId

type NewCall = Callable[..., ActionCall]
HOUR = timedelta(hours=1)
NOTHING = Backlog(0, None, 0, None, 0, None, 0, None, 0)


@pytest.fixture
async def rule_id(edge_store: EdgeStore, approval: Rule, catalogue: Catalogue) -> RuleId:
    return (await edge_store.save_rule(approval, catalogue=catalogue)).rule_id


async def test_it_counts_what_waits_and_says_since_when(
    edge_store: EdgeStore,
    pool: asyncpg.Pool,
    rule_id: RuleId,
    event: EntityEvent,
    another_event: EntityEvent,
    new_call: NewCall,
) -> None:
    assert await edge_store.backlog() == NOTHING
    begun = await edge_store.pin_run(rule_id, event)
    await edge_store.run_started(begun.execution_id)
    await edge_store.pin_run(rule_id, another_event)
    call = new_call(begun.execution_id)
    await edge_store.journal.started(call)
    async with edge_store.journal.transaction(call) as transaction:
        await transaction.ask(Question(timeout=HOUR))
    for entity in ("a", "b", "c"):
        await pool.execute("SELECT workflow.emit_event('on_update', 'orders', $1)", entity)
    async with edge_store.outbox.batch() as batch:
        await batch.settle((), [Refusal(batch.events[0], "no", None)])
    await pool.execute("UPDATE workflow.outbox SET created_at = now() - interval '1h'")
    await pool.execute("UPDATE workflow.questions SET created_date = now() - interval '2h'")
    await pool.execute("UPDATE workflow.automation_executions SET executed_at = now() - interval '3h'")
    found = await edge_store.backlog()
    assert (found.outbox_pending, found.outbox_failed, found.outbox_error) == (2, 1, "no")
    assert (found.questions_open, found.runs_pending, found.runs_running) == (1, 1, 1)
    ages = (found.outbox_age, found.question_age, found.pending_age)
    assert [age // HOUR for age in ages if age] == [1, 2, 3]


async def test_a_locked_rule_is_refused_at_once(
    edge_store: EdgeStore, pool: asyncpg.Pool, rule_id: RuleId, event: EntityEvent
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM workflow.automation_rules FOR UPDATE")
        with pytest.raises(StoreContended):
            await edge_store.pin_run(rule_id, event)
    assert (await edge_store.pin_run(rule_id, event)).created


async def test_a_rule_that_is_being_saved_starts_runs_all_the_same(
    edge_store: EdgeStore, pool: asyncpg.Pool, rule_id: RuleId, event: EntityEvent
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM workflow.automation_rules FOR NO KEY UPDATE")
        assert (await edge_store.pin_run(rule_id, event)).created
