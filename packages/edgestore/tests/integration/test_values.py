"""Values that are too large to travel: what both stores do with them, and how PostgreSQL gets rid of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from ichor_edgestore import (
    EdgeStore,
    EndedValues,
    MemoryStore,
    ResultNotFound,
    RunNotFound,
    UnreadableResult,
    Verdict,
    whole_result,
)
from ichor_edgestore.claim import fit_reply
from ichor_models import (
    STORED,
    ActionCall,
    ActionError,
    ActionRecord,
    ActionState,
    Catalogue,
    EntityEvent,
    Excess,
    ExecutionId,
    Question,
    Reply,
    Rule,
    RunRecord,
    RunStatus,
    StoredResult,
    ValueLimit,
    question_id,
)
from pydantic import JsonValue

type Store = EdgeStore | MemoryStore
type NewCall = Callable[..., ActionCall]

ITEMS: list[JsonValue] = [{"name": "é" * 1000}, {"name": "second"}]
BIG: dict[str, JsonValue] = {"output": "success", "items": ITEMS, "more": "x" * 9000}
SMALL, BODIES = ValueLimit(4000).fit(BIG, ["items.1.name"])
AT_ONCE, LATER = timedelta(0), timedelta(hours=1)


@pytest.fixture
def call(run: ExecutionId, new_call: NewCall) -> ActionCall:
    """A call of an action of that run, one of whose values another one reads."""
    return new_call(run, reads=["items.1.name"])


async def end(store: Store, run: ExecutionId, *actions: ActionRecord) -> None:
    assert await store.run_ended(run, RunRecord(status=RunStatus.COMPLETED, actions=actions, order=()))


async def ask(store: Store, call: ActionCall) -> None:
    await store.journal.started(call)
    async with store.journal.transaction(call) as transaction:
        await transaction.ask(Question(timeout=timedelta(minutes=1)))


async def test_a_value_is_kept_once_per_run(store: Store) -> None:
    await store.values.put("run", {"a": b"first", "b": "ö".encode() * 100_000})
    await store.values.put("run", {"a": b"other", "c": b""})
    assert [await store.values.get("run", key) for key in "abc"] == [b"first", "ö".encode() * 100_000, b""]
    with pytest.raises(ActionError, match="of another is not in the database") as error:
        await store.values.get("another", "a")
    assert (error.value.type, error.value.retryable) == ("value_gone", False)


async def test_what_is_forgotten_is_gone_but_for_what_is_kept(store: Store, run: ExecutionId) -> None:
    await store.values.put(run, {"a": b"1", "b": b"2"})
    await store.values.put("another", {"a": b"3"})
    await store.values.forget(run, ["b", "never there"])
    assert (await store.values.get(run, "b"), await store.values.get("another", "a")) == (b"2", b"3")
    with pytest.raises(ActionError):
        await store.values.get(run, "a")


@pytest.mark.parametrize("transactional", [True, False])
async def test_a_result_is_noted_with_its_values(store: Store, call: ActionCall, transactional: bool) -> None:
    await store.journal.started(call)
    if transactional:
        async with store.journal.transaction(call) as transaction:
            await transaction.record(SMALL, BODIES)
    else:
        await store.journal.completed(call, SMALL, BODIES)
    assert (await store.journal.started(call)).recorded == SMALL
    assert await whole_result(store, call.run.execution_id, call.name) == BIG
    with pytest.raises(ResultNotFound, match="no result of an action 'nobody'"):
        await whole_result(store, call.run.execution_id, "nobody")
    with pytest.raises(RunNotFound):
        await whole_result(store, "no run", call.name)


@pytest.mark.parametrize("forged", [{}, {"values": {}, "parts": {}}, {"values": {}, "parts": {"": {"size": 1}}}])
async def test_a_result_whose_row_was_changed_by_hand_says_so(
    store: Store, call: ActionCall, forged: JsonValue
) -> None:
    await store.journal.started(call)
    await store.journal.completed(call, {STORED: forged})
    with pytest.raises(UnreadableResult, match=r"'tell' .* cannot be read"):
        await whole_result(store, call.run.execution_id, call.name)


async def test_a_transaction_that_raises_keeps_no_value(store: Store, call: ActionCall) -> None:
    async def act() -> None:
        async with store.journal.transaction(call) as transaction:
            await transaction.record(SMALL, BODIES)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act()
    with pytest.raises(ActionError):
        await store.values.get(call.run.execution_id, next(iter(BODIES)))


@pytest.mark.parametrize("of_graph", [None, 4000])
@pytest.mark.parametrize("excess", Excess)
@pytest.mark.parametrize("kind", ["memory", "postgres"])
async def test_of_a_large_reply_travels_what_others_read(
    pool: asyncpg.Pool, kind: str, excess: Excess, of_graph: int | None,
    approval: Rule, catalogue: Catalogue, event: EntityEvent, new_call: NewCall,
) -> None:  # fmt: skip
    limit, of_deployment = ValueLimit(4000, excess), ValueLimit(4000 if of_graph is None else 8000, excess)
    store = MemoryStore(limit=of_deployment) if kind == "memory" else EdgeStore(pool, limit=of_deployment)
    saved = await store.save_rule(approval, catalogue=catalogue)
    call = new_call((await store.pin_run(saved.rule_id, event)).execution_id, reads=["items.1.name"], largest=of_graph)
    await ask(store, call)
    claim = await store.claim_question(question_id(call), Reply(result=BIG))
    fitted = limit.fit(BIG, call.reads).result
    assert claim.notice is not None
    assert claim.notice.reply.result == fitted
    assert (await store.claim_question(question_id(call), Reply(result=BIG))).notice == claim.notice
    other = Reply(result=BIG | {"more": "y" * 9000})
    assert (await store.claim_question(question_id(call), other)).verdict is Verdict.OTHER
    assert await store.close_question(call.run.execution_id, call.key, 1) == Reply(result=fitted)
    whole = BIG if excess is Excess.DATABASE else fitted
    assert await whole_result(store, call.run.execution_id, call.name) == whole


@pytest.mark.parametrize("excess", Excess)
async def test_workers_with_other_limits_know_the_answer_again(
    pool: asyncpg.Pool, excess: Excess, asked: ActionCall
) -> None:
    small, large = EdgeStore(pool, limit=ValueLimit(1000, excess)), EdgeStore(pool, limit=ValueLimit(8000, excess))
    await ask(small, asked.model_copy(update={"reads": ("items.0.name",)}))
    claim = await small.claim_question(question_id(asked), Reply(result=BIG))
    assert await large.claim_question(question_id(asked), Reply(result=BIG)) == claim
    await small.reply_delivered(question_id(asked))
    assert (await large.claim_question(question_id(asked), Reply(result=BIG))).verdict is Verdict.REPEATED


def test_a_reply_that_cannot_be_cut_is_an_error() -> None:
    reply = Reply(result={f"key {number}": number for number in range(1000)})
    fitted, bodies = fit_reply(reply, [], ValueLimit(1000, Excess.CUT))
    assert (fitted.error and fitted.error.type, bodies) == ("too_large", {})


async def collect(store: EdgeStore) -> list[EndedValues]:
    """Forget what may be forgotten, and return what that was."""
    found = list(await store.values.over(AT_ONCE))
    for ended in found:
        await store.values.forget(ended.run, ended.keep)
    return found


class TestCollection:
    """Only PostgreSQL outlives a run."""

    @pytest.fixture
    def store(self, edge_store: EdgeStore) -> EdgeStore:
        """The store on PostgreSQL."""
        return edge_store

    async def keys(self, pool: asyncpg.Pool) -> set[str]:
        return {row["key"] for row in await pool.fetch("SELECT key FROM workflow.payloads")}

    async def test_what_the_record_refers_to_stays_with_it(
        self, store: EdgeStore, pool: asyncpg.Pool, run: ExecutionId, call: ActionCall
    ) -> None:
        view = await store.get_run(run)
        await store.journal.completed(call, SMALL, BODIES)
        await store.values.put(run, {"of a failed attempt": b"1"})
        await store.values.put(view.workflow_id, {"sent to Temporal": b"2"})
        assert await store.values.over(AT_ONCE) == []

        record = ActionRecord(key=call.key, name=call.name, type=call.type, state=ActionState.COMPLETED, result=SMALL)
        await end(store, run, record)
        assert await store.values.over(LATER) == []
        collected = {ended.run: set(ended.keep) for ended in await collect(store)}
        assert collected == {run: set(BODIES), view.workflow_id: set[str]()}
        assert await self.keys(pool) == set(BODIES)
        assert await collect(store) == []
        assert await whole_result(store, run, call.name) == BIG

        await pool.execute("DELETE FROM workflow.automation_executions WHERE id = $1", run)
        assert await self.keys(pool) == set()

    async def test_what_came_after_that_is_collected_too(
        self, store: EdgeStore, pool: asyncpg.Pool, run: ExecutionId
    ) -> None:
        await end(store, run)
        assert await collect(store) == []
        await store.values.put(run, {"late": b"1"})
        assert await collect(store) == [EndedValues(run, [])]
        assert await self.keys(pool) == set()

    async def test_values_without_a_run_go_too(self, store: EdgeStore, pool: asyncpg.Pool) -> None:
        await store.values.put("case-1234", {"key": b"1"})
        assert await store.values.over(LATER) == []
        assert await collect(store) == [EndedValues("case-1234", [])]
        assert await self.keys(pool) == set()

    async def test_the_search_uses_the_index_of_what_was_not_gone_through(self, pool: asyncpg.Pool) -> None:
        await pool.execute(
            "INSERT INTO workflow.payloads (run, key, body, size, created_at)"
            " SELECT 'run ' || n % 100, n::text, '', 0, now() FROM generate_series(1, 20000) n"
        )
        await pool.execute("ANALYZE workflow.payloads")
        plan: list[Any] = await pool.fetch(
            "EXPLAIN SELECT DISTINCT run FROM workflow.payloads"
            " WHERE kept_by IS NULL AND created_at < now() - interval '7 days'"
        )
        assert "payloads_uncollected_index" in str(plan)


def test_a_stored_result_names_what_is_kept() -> None:
    stored = StoredResult.of(SMALL)
    assert stored is not None
    assert {part.key for part in stored.parts.values()} == set(BODIES)
