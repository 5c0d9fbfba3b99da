"""What both journals do."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from ichor_edgestore import EdgeStore, MemoryStore
from ichor_models import ActionCall, ActionError

type Store = EdgeStore | MemoryStore
type NewCall = Callable[..., ActionCall]


async def test_an_attempt_has_no_result_before_one_completed(store: Store, call: ActionCall) -> None:
    assert await store.journal.started(call) == (1, None, None)
    await store.journal.failed(call, ActionError("no", retryable=True))
    failure = {"message": "no", "type": "ActionError", "retryable": True}
    assert await store.journal.started(call) == (2, None, failure)
    assert await store.journal.started(call) == (3, None, None)
    await store.journal.completed(call, {"sent": [1.5, None]})
    assert (await store.journal.started(call))[:2] == (3, {"sent": [1.5, None]})


async def test_the_first_result_stays(store: Store, call: ActionCall) -> None:
    await store.journal.completed(call, {"n": 1})
    await store.journal.completed(call, {"n": 2})
    await store.journal.failed(call, ActionError("late"))
    assert (await store.journal.started(call)).recorded == {"n": 1}


async def test_a_result_recorded_in_a_transaction_is_there_for_the_next_attempt(store: Store, call: ActionCall) -> None:
    await store.journal.started(call)
    async with store.journal.transaction(call) as transaction:
        assert transaction.recorded is None
        await transaction.record({"n": 1})
    async with store.journal.transaction(call) as transaction:
        assert transaction.recorded == {"n": 1}


async def test_a_transaction_is_part_of_how_long_an_action_took(store: Store, call: ActionCall) -> None:
    await store.journal.started(call)
    async with store.journal.transaction(call) as transaction:
        begun = datetime.now(UTC)
        await transaction.record({"n": 1})
    (action,) = (await store.get_run(call.run.execution_id)).actions
    assert action.ended is not None
    assert action.ended >= begun


async def test_a_transaction_that_raises_records_nothing(store: Store, call: ActionCall) -> None:
    async def act() -> None:
        async with store.journal.transaction(call) as transaction:
            await transaction.record({"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act()
    async with store.journal.transaction(call) as transaction:
        assert transaction.recorded is None


async def test_a_second_result_is_refused(store: Store, call: ActionCall) -> None:
    async with store.journal.transaction(call) as transaction:
        await transaction.record({"n": 1})
    async with store.journal.transaction(call) as transaction:
        with pytest.raises(ActionError, match="result already") as refused:
            await transaction.record({"n": 2})
    assert not refused.value.retryable


async def test_attempts_at_once_act_one_after_the_other(store: Store, call: ActionCall) -> None:
    acted: list[int] = []

    async def attempt(number: int) -> object:
        await store.journal.started(call)
        async with store.journal.transaction(call) as transaction:
            if transaction.recorded is not None:
                return transaction.recorded
            acted.append(number)
            await asyncio.sleep(0.01)
            await transaction.record({"by": number})
            return {"by": number}

    results = await asyncio.gather(*(attempt(number) for number in range(1, 5)))
    assert len(acted) == 1
    assert results == [{"by": acted[0]}] * 4
