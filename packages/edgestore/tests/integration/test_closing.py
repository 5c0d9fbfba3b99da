"""The questions of a run are closed in one order, so that its end and its cleanup cannot wait for each other."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest
from ichor_edgestore import EdgeStore
from ichor_models import ActionCall, ExecutionId, Question, RunRecord, RunStatus
from ichor_testing import until

type Close = Callable[[EdgeStore, ExecutionId], Awaitable[None]]

KEYS = ("c", "b", "a")
OPEN = "SELECT action_key FROM workflow.questions WHERE state = 'open' ORDER BY action_key"
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def end(store: EdgeStore, run: ExecutionId) -> None:
    await store.run_ended(run, RunRecord(status=RunStatus.CANCELLED, actions=(), order=()))


async def drop(store: EdgeStore, run: ExecutionId) -> None:
    await store.drop_questions(run, [(key, 1) for key in KEYS])


@pytest.mark.parametrize("close", [end, drop])
async def test_questions_are_closed_in_the_order_of_their_actions(
    edge_store: EdgeStore, pool: asyncpg.Pool, asked: ActionCall, close: Close
) -> None:
    for key in KEYS:
        call = asked.model_copy(update={"key": key})
        await edge_store.journal.started(call)
        async with edge_store.journal.transaction(call) as transaction:
            await transaction.ask(Question(timeout=timedelta(minutes=1)))

    async def is_waiting() -> bool:
        return await pool.fetchval(WAITS) > 0

    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM workflow.questions WHERE action_key = 'b' FOR UPDATE")
        closing = asyncio.ensure_future(close(edge_store, asked.run.execution_id))
        await until(is_waiting, "the other waits")
        free = await other.fetch(f"{OPEN} FOR UPDATE SKIP LOCKED")
    await closing
    assert [row["action_key"] for row in free] == ["b", "c"]
    assert await pool.fetch(OPEN) == []
