"""Runs that are cancelled, or whose deadline passes, on a real Temporal server."""

import asyncio
import time
from datetime import timedelta
from functools import partial

import pytest
from ichor_executor.temporal import REPLY, STOP, ExecuteGraphWorkflow, graph_run
from ichor_models import Asked, Case, Reply, ReplyNotice, Rule, RunRecord, RunStatus
from ichor_testing import isolated_task_queue, until
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from .conftest import Bench, worker
from .recordings import cleaned_up, happened, timers


def states(record: RunRecord) -> dict[str, str]:
    return {action.name: action.state.value for action in record.actions}


async def running(bench: Bench, *names: str) -> None:
    async def reached() -> bool:
        return set(names) <= {call.name for call in bench.handlers.calls}

    await until(reached, f"{names} are under way")


async def started(bench: Bench, rule: Rule, *gates: str, **changes: object) -> WorkflowHandle[object, object]:
    for name in gates:
        bench.handlers.gates[name] = asyncio.Event()
    return await bench.start(rule, Case(), **changes)


async def test_a_cancelled_run_cleans_up_after_what_was_under_way(bench: Bench) -> None:
    handle = await started(bench, cleaned_up(), "reserve")
    await running(bench, "reserve")
    await handle.cancel()
    record = await bench.record(handle)
    assert (record.status, record.error_type) == (RunStatus.CANCELLED, "cancelled")
    assert states(record) == {
        "reserve": "cancelled",
        "pay": "cancelled",
        "release": "completed",
        "tell": "completed",
    }
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    assert bench.handlers.running == 0


async def test_a_run_past_its_deadline_cleans_up_and_fails(bench: Bench) -> None:
    handle = await started(bench, cleaned_up(deadline="5s"), "pay")
    record = await bench.record(handle)
    assert (record.status, record.error_type) == (RunStatus.FAILED, "deadline")
    assert states(record) == {
        "reserve": "completed",
        "pay": "cancelled",
        "release": "completed",
        "tell": "completed",
    }


async def test_a_cancel_for_the_reason_stop_begins_no_cleanup(bench: Bench) -> None:
    handle = await started(bench, cleaned_up(), "reserve")
    await running(bench, "reserve")
    await handle.cancel(reason=STOP)
    record = await bench.record(handle)
    assert record.status is RunStatus.CANCELLED
    assert set(states(record).values()) == {"cancelled"}
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    assert [call.name for call in bench.handlers.calls] == ["reserve"]


async def test_the_signal_stop_ends_cleanup(bench: Bench) -> None:
    handle = await started(bench, cleaned_up(), "reserve", "release")
    await running(bench, "reserve")
    await handle.cancel()
    await running(bench, "reserve", "release")
    await handle.cancel()
    await handle.signal(STOP)
    record = await bench.record(handle)
    assert record.status is RunStatus.CANCELLED
    assert set(states(record).values()) == {"cancelled"}
    assert [call.name for call in bench.handlers.calls] == ["reserve", "release"]


@pytest.mark.parametrize("options", [{}, {"deadline": "10s"}])
async def test_cleanup_has_a_limit(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
) -> None:
    """It is that of every cleanup, or the run's own deadline."""
    if not options:
        monkeypatch.setattr(graph_run, "LONGEST_CLEANUP", timedelta(seconds=1))
    async with worker(temporal_client, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        handle = await started(bench, cleaned_up(**options), "reserve", "release")
        await running(bench, "reserve")
        await handle.cancel()
        record = await bench.record(handle)
    assert (record.status, record.error_type) == (RunStatus.CANCELLED, "cancelled")
    assert states(record)["release"] == "cancelled"


async def test_cleanup_is_continued_as_new(bench: Bench) -> None:
    builder = GraphBuilder().action("work").start("work").action("clean0").always("work", "clean0")
    for index in range(1, 8):
        builder.action(f"clean{index}").then(f"clean{index - 1}", f"clean{index}")
    handle = await started(bench, builder.rule(), "work", events_per_run=16)
    await running(bench, "work")
    await handle.cancel()
    record = await bench.record(handle)
    assert record.status is RunStatus.CANCELLED
    assert list(states(record).values()) == ["cancelled", *["completed"] * 8]
    assert await bench.was_continued(handle)


async def test_an_open_question_of_a_cancelled_run_is_closed_before_cleanup_ends(bench: Bench) -> None:
    bench.handlers.asks["ask"] = Asked(until=time.time() + 60)
    rule = GraphBuilder().action("ask").action("note").start("ask").always("ask", "note").rule()
    handle = await started(bench, rule, "note")
    await running(bench, "ask")

    await timers(handle, 1)
    await handle.cancel()

    async def dropped() -> bool:
        return bench.handlers.dropped == [("ask", 1)]

    await until(dropped, "the question is closed")
    await handle.signal(REPLY, ReplyNotice(action_key="ask", ask=1, reply=Reply(result={})))
    bench.handlers.gates["note"].set()
    record = await bench.record(handle)
    assert (record.status, states(record)) == (RunStatus.CANCELLED, {"ask": "cancelled", "note": "completed"})


async def test_what_a_cancelled_action_asked_is_closed_before_cleanup_ends(bench: Bench) -> None:
    handle = await started(bench, cleaned_up(), "reserve", "release")
    await running(bench, "reserve")
    await handle.cancel()

    async def dropped() -> bool:
        return bench.handlers.dropped == [("reserve", 1)]

    await until(dropped, "the question is closed")
    bench.handlers.gates["release"].set()
    assert states(await bench.record(handle))["release"] == "completed"


@pytest.mark.parametrize("why", ["cancelled", "deadline"])
async def test_what_ended_just_before_the_stop_has_ended_and_nothing_starts_after_it(
    temporal_client: Client, why: str
) -> None:
    """The worker of runs hears of both at once."""
    queue, handlers = isolated_task_queue(), FakeHandlers()
    bench = Bench(temporal_client, queue, handlers)
    builder = GraphBuilder().action("a").action("beside").action("next").action("clean").start("a", "beside")
    rule = builder.then("a", "next").always("next", "clean").rule(**{"deadline": "10s"} if why == "deadline" else {})
    runs = partial(Worker, temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow], max_cached_workflows=0)
    async with Worker(temporal_client, task_queue=queue, activities=handlers.activities()):
        async with runs():
            handle = await started(bench, rule, "a", "beside")
            await happened(handle, "activity_task_completed_event_attributes")
            await running(bench, "a", "beside")
        handlers.gates["a"].set()
        await happened(handle, "activity_task_completed_event_attributes", 2)
        if why == "cancelled":
            await handle.cancel()
        else:
            await happened(handle, "timer_fired_event_attributes")
        async with runs():
            record = await bench.record(handle)
    assert record.error_type == why
    assert states(record) == {"a": "completed", "beside": "cancelled", "next": "cancelled", "clean": "cancelled"}


async def test_what_was_not_sent_yet_is_not_cleaned_up_after(temporal_client: Client) -> None:
    builder, names = GraphBuilder(), [f"a{index}" for index in range(200)]
    for name in names:
        builder.action(name, text="{{ text }}").action(f"clean {name}").start(name).always(name, f"clean {name}")
    async with worker(temporal_client, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        bench.handlers.gates |= {name: asyncio.Event() for name in names}
        handle = await bench.start(builder.rule(max_in_flight=1500), Case(trigger_data={"text": "x" * 300_000}))
        await happened(handle, "activity_task_scheduled_event_attributes")
        await handle.cancel()
        record = await bench.record(handle)
    sent = {
        event.activity_task_scheduled_event_attributes.activity_id async for event in handle.fetch_history_events()
    }.intersection(names)
    assert 0 < len(sent) < len(names)
    ended = states(record)
    assert {name for name in names if ended[f"clean {name}"] == "completed"} == sent


async def test_cancelled_before_its_first_step_a_run_does_nothing(temporal_client: Client) -> None:
    queue, handlers = isolated_task_queue(), FakeHandlers()
    bench = Bench(temporal_client, queue, handlers)
    handle = await bench.start(cleaned_up(), Case())
    await handle.cancel()
    async with Worker(
        temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow], activities=handlers.activities()
    ):
        record = await bench.record(handle)
    assert record.status is RunStatus.CANCELLED
    assert "reserve" not in {call.name for call in handlers.calls}


async def test_what_waits_for_room_does_not_begin_where_another_ends_with_the_deadline(temporal_client: Client) -> None:
    queue, handlers = isolated_task_queue(), FakeHandlers()
    bench = Bench(temporal_client, queue, handlers)
    builder = GraphBuilder().action("a").action("b").action("c").action("clean").start("a").start("b").start("c")
    rule = builder.always("c", "clean").rule(max_in_flight=2, deadline="10s")
    async with Worker(temporal_client, task_queue=queue, activities=handlers.activities()):
        handle = await started(bench, rule, "a", "b")
        async with Worker(temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow], max_cached_workflows=0):
            await running(bench, "a", "b")
        handlers.gates["a"].set()

        async def has_passed() -> bool:
            events = (await handle.fetch_history()).events
            return any(event.HasField("timer_fired_event_attributes") for event in events)

        await until(has_passed, "the deadline has passed")
        async with Worker(temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow]):
            record = await bench.record(handle)
    assert states(record) == {"a": "completed", "b": "cancelled", "c": "cancelled", "clean": "cancelled"}
