"""Actions that wait for a reply, on a real Temporal server."""

import asyncio
import gc
import time

import pytest
from ichor_executor.temporal import REPLY
from ichor_models import ActionState, Asked, Case, Reply, ReplyError, ReplyNotice, RunStatus
from ichor_testing import until
from ichor_testing.graph_builder import GraphBuilder
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from .conftest import Bench
from .graphs_of_histories import chain
from .recordings import timers

DONE = Reply(result={"said": "yes"})
BUSY = Reply(error=ReplyError(message="busy", retryable=True))


def in_seconds(seconds: float, **asked: object) -> Asked:
    return Asked.model_validate({"until": time.time() + seconds, "pause": 0.05, **asked})


async def asked(bench: Bench, times: int = 1) -> None:
    async def is_asked() -> bool:
        return len(bench.handlers.calls) >= times

    await until(is_asked, "the question")


async def reply(handle: WorkflowHandle[object, object], reply: Reply, ask: int = 1, key: str = "a0") -> None:
    await handle.signal(REPLY, ReplyNotice(action_key=key, ask=ask, reply=reply))


async def test_a_run_waits_for_the_reply(bench: Bench) -> None:
    bench.handlers.asks["a0"] = in_seconds(60)
    handle = await bench.start(chain(2), Case())
    await asked(bench)
    await reply(handle, DONE)
    record = await bench.record(handle)
    assert (record.status, record.order) == (RunStatus.COMPLETED, ("a0", "a1"))


async def test_a_reply_may_come_before_the_asking_step_returned(bench: Bench) -> None:
    bench.handlers.asks["a0"] = in_seconds(60)
    bench.handlers.gates["a0"] = asyncio.Event()
    handle = await bench.start(chain(2), Case())
    await asked(bench)
    await reply(handle, DONE)
    await asked(bench, 2)
    bench.handlers.gates["a0"].set()
    assert (await bench.record(handle)).status is RunStatus.COMPLETED


async def test_after_a_retryable_error_it_asks_again(bench: Bench) -> None:
    bench.handlers.asks["a0"] = in_seconds(60, most=2)
    handle = await bench.start(chain(1), Case())
    await asked(bench)
    await reply(handle, BUSY)
    await asked(bench, 2)
    await reply(handle, DONE, ask=1)
    await reply(handle, DONE, ask=2, key="of another run")
    await reply(handle, DONE, ask=2)
    assert (await bench.record(handle)).status is RunStatus.COMPLETED
    assert [call.ask for call in bench.handlers.calls] == [1, 2]
    happened = [event.event_type async for event in handle.fetch_history_events()]
    ended = happened.count(EventType.EVENT_TYPE_TIMER_FIRED) + happened.count(EventType.EVENT_TYPE_TIMER_CANCELED)
    assert ended == happened.count(EventType.EVENT_TYPE_TIMER_STARTED)


@pytest.mark.parametrize(("late", "status"), [({}, RunStatus.FAILED), ({"a0": DONE}, RunStatus.COMPLETED)])
async def test_when_the_time_is_over_the_question_is_closed(
    bench: Bench, late: dict[str, Reply], status: RunStatus
) -> None:
    bench.handlers.asks["a0"] = in_seconds(0.2)
    bench.handlers.late = late
    record = await bench.record(await bench.start(chain(1), Case()))
    assert record.status is status
    if not late:
        assert "No reply came in time" in (record.error or "")


async def test_a_question_survives_continue_as_new(bench: Bench) -> None:
    bench.handlers.asks["a2"] = in_seconds(60)
    handle = await bench.start(chain(5), Case(), events_per_run=5)
    await asked(bench, 3)
    await reply(handle, DONE, key="a2")
    record = await bench.record(handle)
    assert record.status is RunStatus.COMPLETED
    assert record.order == ("a0", "a1", "a2", "a3", "a4")
    assert len(bench.handlers.calls) == 5


@pytest.mark.parametrize("events", [1, 8])
async def test_a_question_is_closed_however_often_the_run_is_continued_as_new(bench: Bench, events: int) -> None:
    bench.handlers.asks["a0"] = Asked(until=time.time() + 0.2, on_timeout={"n": 1})
    record = await bench.record(await bench.start(chain(2), Case(), events_per_run=events))
    assert record.order == ("a0", "a1")


async def test_a_cancelled_run_waits_no_more(bench: Bench) -> None:
    bench.handlers.asks["a0"] = in_seconds(60)
    handle = await bench.start(chain(1), Case())
    await asked(bench)
    await handle.cancel()
    record = await bench.record(handle)
    assert (record.status, record.actions[0].state) == (RunStatus.CANCELLED, ActionState.CANCELLED)


@pytest.mark.parametrize("actions", [1, 2])
async def test_a_reply_and_a_time_out_that_cross_leave_no_error_behind(
    bench: Bench, caplog: pytest.LogCaptureFixture, actions: int
) -> None:
    bench.handlers.asks["a0"] = in_seconds(0.2)
    closing = bench.handlers.closing["a0"] = asyncio.Event()
    handle = await bench.start(chain(actions), Case())
    await asyncio.wait_for(bench.handlers.closed.wait(), 60)
    await reply(handle, DONE)
    assert (await bench.record(handle)).status is RunStatus.COMPLETED
    closing.set()
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_a_run_that_ends_before_its_questions_were_dropped_leaves_no_error_behind(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropping, dropped = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> None:
        dropping.set()
        await dropped.wait()

    monkeypatch.setattr(bench.handlers, "drop_questions", slow)
    bench.handlers.asks["a0"] = in_seconds(60)
    bench.handlers.gates["a1"] = asyncio.Event()
    builder = GraphBuilder().action("a0").action("a1").start("a0").always("a0", "a1")
    handle = await bench.start(builder.rule(), Case())
    await timers(handle, 1)
    await handle.cancel()
    await asyncio.wait_for(dropping.wait(), 60)
    bench.handlers.gates["a1"].set()
    assert (await bench.record(handle)).status is RunStatus.CANCELLED
    dropped.set()
    gc.collect()
    assert "never retrieved" not in caplog.text
