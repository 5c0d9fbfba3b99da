"""Runs on a real Temporal server."""

import asyncio
from typing import Any

import pytest
from ichor_executor import simulate
from ichor_executor.temporal import NOT_RUN, ExecuteGraphWorkflow, Started, search_attributes, start_run
from ichor_models import ActionState, Case, Catalogue, ExecutionId, RunRecord, RunStatus, UnknownRun
from ichor_testing import isolated_task_queue, until
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker

from .conftest import Bench
from .graphs_of_histories import RUNS, chain
from .recordings import happened


def states(record: RunRecord) -> dict[str, ActionState]:
    return {action.name: action.state for action in record.actions}


@pytest.mark.parametrize("name", RUNS)
async def test_a_run_ends_as_the_simulator_says(bench: Bench, name: str) -> None:
    rule, bench.handlers.case = RUNS[name]
    record = await bench.record(await bench.start(rule, bench.handlers.case))
    expected = simulate(rule, bench.handlers.case, anything())
    assert record.status is expected.status
    assert states(record) == {name: outcome.state for name, outcome in expected.actions.items()}
    assert sorted(record.order) == sorted(expected.order)


async def test_branches_are_really_concurrent(bench: Bench) -> None:
    builder = GraphBuilder().action("s").start("s")
    for index in range(50):
        builder.action(f"a{index}").fork("s", f"a{index}")
        bench.handlers.gates[f"a{index}"] = asyncio.Event()
    handle = await bench.start(builder.rule(), Case())
    await _running(bench, calls=51, running=50)
    for gate in bench.handlers.gates.values():
        gate.set()
    assert (await bench.record(handle)).status is RunStatus.COMPLETED


async def test_the_limit_in_flight_holds(bench: Bench) -> None:
    builder = GraphBuilder()
    for index in range(12):
        builder.action(f"a{index}").start(f"a{index}")
    await bench.record(await bench.start(builder.rule(max_in_flight=3), Case()))
    assert bench.handlers.most_running <= 3


async def test_a_failed_run_fails_in_temporal_too(bench: Bench) -> None:
    bench.handlers.case = Case.model_validate({"results": {"a0": {"error": "no stock"}}})
    handle = await bench.start(chain(2), bench.handlers.case)
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert "a0: no stock" in str(failure.value.cause)


async def test_a_cancelled_run_records_what_had_not_ended(bench: Bench) -> None:
    bench.handlers.gates["a1"] = asyncio.Event()
    handle = await bench.start(chain(3), Case())
    await _running(bench, calls=2, running=1)
    await handle.cancel()
    record = await bench.record(handle)
    assert record.status is RunStatus.CANCELLED
    assert list(states(record).values()) == ["completed", "cancelled", "cancelled"]
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    bench.handlers.gates["a1"].set()


async def test_what_ended_in_time_counts_although_it_is_heard_after_the_deadline(temporal_client: Client) -> None:
    handlers, queue = FakeHandlers(), isolated_task_queue()
    handlers.gates["a0"] = asyncio.Event()
    bench = Bench(temporal_client, queue, handlers)
    rule = chain(1)
    rule = rule.model_copy(update={"options": rule.options.model_validate({"deadline": "10s"})})
    async with Worker(temporal_client, task_queue=queue, activities=handlers.activities()):
        async with Worker(temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow]):
            handle = await bench.start(rule, Case())
            await _running(bench, calls=1, running=1)
        handlers.gates["a0"].set()
        await happened(handle, "activity_task_completed_event_attributes", 2)
        await happened(handle, "timer_fired_event_attributes")
        async with Worker(temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow]):
            record = await bench.record(handle)
    assert (record.status, record.error_type) == (RunStatus.COMPLETED, None)


async def test_what_ended_before_a_cancel_counts_and_nothing_follows_it(temporal_client: Client) -> None:
    handlers, queue = FakeHandlers(), isolated_task_queue()
    handlers.gates |= {"a0": asyncio.Event(), "long": asyncio.Event()}
    bench = Bench(temporal_client, queue, handlers)
    builder = GraphBuilder().action("a0").action("a1").action("tidy").action("long").start("a0", "long")
    rule = builder.then("a0", "a1").always("a1", "tidy").rule()
    async with Worker(temporal_client, task_queue=queue, activities=handlers.activities()):
        async with Worker(temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow]):
            handle = await bench.start(rule, Case())
            await _running(bench, calls=2, running=2)
        handlers.gates["a0"].set()
        await happened(handle, "activity_task_completed_event_attributes", 2)
        await handle.cancel()
        async with Worker(temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow]):
            record = await bench.record(handle)
    assert states(record) == {"a0": "completed", "a1": "cancelled", "tidy": "cancelled", "long": "cancelled"}
    assert {call.name for call in handlers.calls} == {"a0", "long"}


async def test_a_run_whose_row_is_gone_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(execution_id: ExecutionId, record: RunRecord) -> bool:
        raise UnknownRun("There is no such run.")

    monkeypatch.setattr(bench.handlers, "run_ended", gone)
    handle = await bench.start(chain(1), Case())
    assert await handle.result() == {"status": "completed"}


async def test_a_run_past_its_deadline_fails(bench: Bench) -> None:
    bench.handlers.gates["a0"] = asyncio.Event()
    rule = chain(2)
    rule = rule.model_copy(update={"options": rule.options.model_validate({"deadline": "1s"})})
    record = await bench.record(await bench.start(rule, Case()))
    assert (record.status, record.error_type) == (RunStatus.FAILED, "deadline")
    bench.handlers.gates["a0"].set()


@pytest.mark.parametrize(
    ("name", "events"), [("fork_and_join", 8), ("error_edge_and_always", 3), ("delay", 8), ("chain", 16)]
)
async def test_continued_as_new_the_outcome_is_the_same(bench: Bench, name: str, events: int) -> None:
    rule, bench.handlers.case = RUNS[name]
    handle = await bench.start(rule, bench.handlers.case, events_per_run=events)
    record = await bench.record(handle)
    expected = simulate(rule, bench.handlers.case, anything())
    assert record.status is expected.status
    assert sorted(record.order) == sorted(expected.order)
    assert sorted(call.name for call in bench.handlers.calls) == sorted({call.name for call in bench.handlers.calls})
    assert len(bench.handlers.started) == 1
    assert await bench.was_continued(handle)


async def test_a_run_starts_once_for_its_id(bench: Bench) -> None:
    request = bench.request(chain(1), Case(), ExecutionId("1"))
    options: dict[str, Any] = {"workflow_id": f"rule-r-{bench.task_queue}", "task_queue": bench.task_queue}
    assert await start_run(bench.client, request, **options) is Started.NOW
    assert await start_run(bench.client, request, **options) is Started.BEFORE
    await bench.client.get_workflow_handle(options["workflow_id"]).result()
    assert await start_run(bench.client, request, **options) is Started.BEFORE


async def test_who_cannot_be_asked_for_search_attributes_is_not_said_to_have_none(temporal_client: Client) -> None:
    elsewhere = Client(temporal_client.service_client, namespace="nowhere")
    assert await search_attributes(temporal_client)
    with pytest.raises(RPCError):
        await search_attributes(elsewhere)


async def test_a_cycle_fails_at_once_and_is_recorded(bench: Bench) -> None:
    rule = GraphBuilder().action("a").action("b").start("a").then("a", "b").then("b", "a").rule()
    record = await bench.record(await bench.start(rule, Case()))
    assert (record.status, record.error_type) == (RunStatus.FAILED, "invalid_graph")
    assert "cycle" in str(record.error)


async def test_the_temporal_ui_reads_like_the_graph(bench: Bench) -> None:
    handle = await bench.start(
        GraphBuilder().action("Check Amount!", "send_email").start("Check Amount!").rule(), Case()
    )
    await bench.record(handle)
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert ("Check Amount!", "send_email") in {(item.activity_id, item.activity_type.name) for item in scheduled}


async def test_a_run_of_a_schedule_pins_the_rule_as_it_is_now(bench: Bench) -> None:
    handle = await bench.fire(chain(2))
    record = await bench.record(handle)
    assert (record.status, record.order) == (RunStatus.COMPLETED, ("a0", "a1"))
    event = bench.handlers.calls[0].run.event
    assert (event.event_id, event.event_type) == ("2026-11-24T06:00:00Z", "scheduled")
    assert str(event.timestamp) == "2026-11-24 06:00:00+00:00"


async def test_a_run_of_a_schedule_continues_as_new_with_the_version_that_it_pinned(bench: Bench) -> None:
    bench.handlers.events_per_run = 16
    handle = await bench.fire(chain(6))
    record = await bench.record(handle)
    assert (record.status, len(record.order)) == (RunStatus.COMPLETED, 6)
    assert len(bench.handlers.started) == 1
    assert await bench.was_continued(handle)


async def test_a_firing_of_a_rule_that_is_gone_ends_without_a_record(bench: Bench) -> None:
    handle = await bench.fire(None)
    assert await handle.result() == {"status": NOT_RUN, "because": "The rule is gone, inactive or no longer scheduled."}
    assert not bench.handlers.records


async def test_a_firing_that_ended_before_does_nothing(bench: Bench) -> None:
    failed = RunRecord(status=RunStatus.FAILED, error="No start.", error_type="invalid_graph", actions=(), order=())
    handle = await bench.fire(chain(1), ended=failed)
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert isinstance(failure.value.cause, ApplicationError)
    assert (failure.value.cause.message, failure.value.cause.type) == ("No start.", "invalid_graph")
    assert not bench.handlers.calls


async def test_a_firing_can_be_cancelled_before_it_is_pinned(temporal_client: Client) -> None:
    queue = isolated_task_queue()
    bench = Bench(temporal_client, queue, FakeHandlers())
    async with Worker(temporal_client, task_queue=queue, workflows=[ExecuteGraphWorkflow]):
        handle = await bench.fire(chain(1))
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED


async def _running(bench: Bench, *, calls: int, running: int) -> None:
    async def reached() -> bool:
        return len(bench.handlers.calls) == calls and bench.handlers.running == running

    await until(reached, f"{calls} actions were asked for and {running} are running")


def anything() -> Catalogue:
    from ichor_models import CONTROL_TYPES, ActionType
    from pydantic import BaseModel, ConfigDict

    class Anything(BaseModel):
        model_config = ConfigDict(extra="allow")

    return Catalogue([*CONTROL_TYPES, ActionType("log_audit_entry", Anything)])
