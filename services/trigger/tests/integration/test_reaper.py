"""Records and Temporal disagree, and the part `reaper` puts the records right."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, PinnedRun, RunView
from ichor_executor.temporal import start_run
from ichor_models import ActionCall, EntityEvent, ExecutionId, RuleId, RunStatus
from ichor_service import Link, Unreachable
from ichor_testing import TemporalServer, start_temporal, until
from ichor_testing.engine_program import start_program
from ichor_trigger.links import Links
from ichor_trigger.reaper import Reaper
from structlog.testing import capture_logs
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

type SaveRule = Callable[[object], Awaitable[RuleId]]

RULE = {
    "name": "Every order",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}


@workflow.defn(name="ExecuteGraphWorkflow")
class EndsAsItIsTold:
    """Stands for a run whose record was lost: it ends without writing one."""

    @workflow.run
    async def run(self, start: dict[str, Any]) -> dict[str, str]:
        told: str | None = start["request"]["trigger_data"].get("ends")
        if told == "failed":
            raise ApplicationError("no stock", type="run_failed", non_retryable=True)
        if told is None:
            await workflow.wait_condition(lambda: False)
        return {"status": str(told)}


@pytest.fixture
def pin(pool: asyncpg.Pool, save_rule: SaveRule) -> Callable[..., Awaitable[PinnedRun]]:
    """Pins a run of long ago."""

    async def pinned(event_id: str = "e1", *, running: bool = False, **raw_data: object) -> PinnedRun:
        event = {"event_id": event_id, "event_type": "on_create", "entity_name": "orders", "raw_data": raw_data}
        store = EdgeStore(pool)
        run = await store.pin_run(await save_rule(RULE), EntityEvent.model_validate(event))
        if running:
            await store.run_started(run.execution_id)
        await pool.execute("UPDATE workflow.automation_executions SET executed_at = now() - interval '10 minutes'")
        return run

    return pinned


type Pin = Callable[..., Awaitable[PinnedRun]]


async def begin(client: Client, run: PinnedRun, task_queue: str) -> WorkflowHandle[Any, Any]:
    await start_run(client, run.request, workflow_id=run.workflow_id, task_queue=task_queue)
    return client.get_workflow_handle(run.workflow_id)


async def record(pool: asyncpg.Pool, execution_id: ExecutionId) -> RunView:
    return await EdgeStore(pool).get_run(execution_id)


async def test_a_pending_run_that_temporal_does_not_know_is_started_once(
    links: Links, pin: Pin, pool: asyncpg.Pool, temporal_client: Client
):
    run = await pin()
    await asyncio.gather(*(Reaper(links).round() for _ in range(4)))
    handle = temporal_client.get_workflow_handle(run.workflow_id)
    description = await handle.describe()
    assert description.status is WorkflowExecutionStatus.RUNNING
    started = [found async for found in temporal_client.list_workflows(f"WorkflowId = '{run.workflow_id}'")]
    assert len(started) <= 1
    assert description.search_attributes["IchorRule"] == [run.request.run.rule_id]


async def test_a_run_that_was_just_pinned_is_left_to_whoever_pinned_it(
    links: Links, pin: Pin, pool: asyncpg.Pool, temporal_client: Client
):
    run = await pin()
    await pool.execute("UPDATE workflow.automation_executions SET executed_at = now()")
    await Reaper(links).round()
    with pytest.raises(RPCError, match="not found"):
        await temporal_client.get_workflow_handle(run.workflow_id).describe()


async def test_a_pending_run_that_temporal_refuses_has_failed(links: Links, pin: Pin, pool: asyncpg.Pool):
    run = await pin()
    settings = links.settings.model_copy(update={"task_queue": "x" * 1001})
    await Reaper(replace(links, settings=settings)).round()
    view = await record(pool, run.execution_id)
    assert (view.status, view.error_type) == (RunStatus.FAILED, "not_started")


async def test_a_rerun_that_nobody_could_start_is_started(
    links: Links, pin: Pin, pool: asyncpg.Pool, temporal_client: Client
):
    again = await EdgeStore(pool).rerun((await pin()).execution_id)
    await pool.execute("UPDATE workflow.automation_executions SET executed_at = now() - interval '1 minute'")
    await Reaper(links).round()
    assert again.workflow_id.endswith(".1")
    assert await temporal_client.get_workflow_handle(again.workflow_id).describe()


async def test_a_run_is_running_once_a_worker_has_begun_it(
    links: Links, pin: Pin, pool: asyncpg.Pool, temporal_client: Client, temporal_task_queue: str
):
    run = await pin()
    handle = await begin(temporal_client, run, temporal_task_queue)
    await Reaper(links).round()
    assert (await record(pool, run.execution_id)).status is RunStatus.PENDING

    async def has_begun() -> bool:
        return any(
            [
                event.HasField("workflow_task_completed_event_attributes")
                async for event in handle.fetch_history_events()
            ]
        )

    async with Worker(
        temporal_client,
        task_queue=temporal_task_queue,
        workflows=[EndsAsItIsTold],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await until(has_begun, "a worker that has begun the run")
    for _ in range(2):
        await Reaper(links).round()
        assert (await record(pool, run.execution_id)).status is RunStatus.RUNNING


@pytest.mark.parametrize("running", [False, True])
async def test_a_terminated_run_has_failed_with_what_its_actions_did(
    links: Links, pin: Pin, pool: asyncpg.Pool, temporal_client: Client, temporal_task_queue: str, running: bool
):
    run = await pin(running=running)
    handle = await begin(temporal_client, run, temporal_task_queue)
    call = ActionCall(run=run.request.run, key="k", name="mail", type="send_email", config={})
    await EdgeStore(pool).journal.started(call)
    await EdgeStore(pool).journal.completed(call, {"sent": 1})
    await handle.terminate(reason="it hung")
    with capture_logs() as logs:
        await asyncio.gather(*(Reaper(links).round() for _ in range(3)))
    assert [line["now"] for line in logs if line["event"] == "record put right"] == [RunStatus.FAILED]
    view = await record(pool, run.execution_id)
    assert (view.status, view.error_type) == (RunStatus.FAILED, "terminated")
    assert view.error == "The workflow was terminated in Temporal: it hung"
    assert [(action.name, action.state, action.result) for action in view.actions] == [
        ("mail", "completed", {"sent": 1})
    ]


@pytest.mark.parametrize(
    ("ends", "status", "error"),
    [
        ("completed", RunStatus.COMPLETED, None),
        ("partial", RunStatus.PARTIAL, None),
        ("failed", RunStatus.FAILED, "no stock"),
    ],
)
async def test_an_end_that_was_not_recorded_is_recorded(
    links: Links,
    pin: Pin,
    pool: asyncpg.Pool,
    temporal_client: Client,
    temporal_task_queue: str,
    ends: str,
    status: RunStatus,
    error: str | None,
):
    run = await pin(running=True, ends=ends)
    handle = await begin(temporal_client, run, temporal_task_queue)
    async with Worker(
        temporal_client,
        task_queue=temporal_task_queue,
        workflows=[EndsAsItIsTold],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await until(lambda: _closed(handle), "the end of the workflow")
    await Reaper(links).round()
    view = await record(pool, run.execution_id)
    assert (view.status, view.error) == (status, error)


async def test_a_cancelled_run_that_could_not_say_so_is_cancelled(
    links: Links, pin: Pin, pool: asyncpg.Pool, temporal_client: Client, temporal_task_queue: str
):
    run = await pin(running=True)
    handle = await begin(temporal_client, run, temporal_task_queue)
    async with Worker(
        temporal_client,
        task_queue=temporal_task_queue,
        workflows=[EndsAsItIsTold],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await handle.cancel()
        await until(lambda: _closed(handle), "the end of the workflow")
    await Reaper(links).round()
    view = await record(pool, run.execution_id)
    assert (view.status, view.error_type) == (RunStatus.CANCELLED, "cancelled")


async def test_a_run_that_temporal_does_not_know_any_more_is_lost(links: Links, pin: Pin, pool: asyncpg.Pool):
    run = await pin(running=True)
    await Reaper(links).round()
    view = await record(pool, run.execution_id)
    assert (view.status, view.error_type) == (RunStatus.FAILED, "lost")
    assert "Temporal does not know this run any more" in (view.error or "")


async def test_a_record_that_ended_stays_as_it_is(
    links: Links, pin: Pin, pool: asyncpg.Pool, temporal_client: Client, temporal_task_queue: str
):
    run = await pin(running=True)
    handle = await begin(temporal_client, run, temporal_task_queue)
    await pool.execute("UPDATE workflow.automation_executions SET status = 'completed'")
    await handle.terminate()
    await Reaper(links).round()
    assert (await record(pool, run.execution_id)).status is RunStatus.COMPLETED


async def test_a_namespace_that_is_not_there_says_nothing_about_runs(
    links: Links, pin: Pin, pool: asyncpg.Pool, shared_temporal: TemporalServer
):
    async def connect() -> Client:
        return await shared_temporal.connect("nowhere")

    elsewhere = Link(connect, nothing)
    await elsewhere.connect()
    await assert_nothing_is_mended(replace(links, temporal=elsewhere), pin, pool)


async def test_a_temporal_that_does_not_carry_the_runs_says_nothing_about_them(
    links: Links, pin: Pin, pool: asyncpg.Pool, temporal_namespace: Client
):
    async def connect() -> Client:
        return temporal_namespace

    await Reaper(links).round()
    elsewhere = Link(connect, nothing)
    await elsewhere.connect()
    moved = replace(links, temporal=elsewhere)
    running = await assert_nothing_is_mended(moved, pin, pool, "does not carry the runs of this database")
    await EdgeStore(pool).forget_home()
    await Reaper(moved).round()
    assert (await record(pool, running.execution_id)).error_type == "lost"


async def test_a_run_that_cannot_be_read_harms_no_other(links: Links, pin: Pin, pool: asyncpg.Pool):
    await pin("unreadable")
    await pool.execute("UPDATE workflow.automation_executions SET options = '{\"max_in_flight\": 0}'")
    pending, lost = await pin("pending"), await pin("lost", running=True)
    with capture_logs() as logs:
        await Reaper(links).round()
    (said,) = [line["reason"] for line in logs if line["event"] == "record not put right"]
    assert "max_in_flight" in said
    assert (await links.temporal.opened.get_workflow_handle(pending.workflow_id).describe()).id == pending.workflow_id
    assert (await record(pool, lost.execution_id)).status is RunStatus.FAILED


async def test_a_temporal_that_is_away_says_nothing_about_runs(
    environment: dict[str, str],
    links_to: Callable[[dict[str, str]], AbstractAsyncContextManager[Links]],
    pin: Pin,
    pool: asyncpg.Pool,
):
    async with start_temporal() as temporal:
        own = environment | {"ICHOR_TEMPORAL_ADDRESS": temporal.url, "ICHOR_TEMPORAL_NAMESPACE": temporal.namespace}
        async with links_to(own) as links:
            await temporal.kill()
            await assert_nothing_is_mended(links, pin, pool)


async def nothing(_: Client) -> None:
    return


async def assert_nothing_is_mended(links: Links, pin: Pin, pool: asyncpg.Pool, why: str | None = None) -> PinnedRun:
    """Return a run that another Temporal may have lost."""
    running, pending = await pin("e1", running=True), await pin("e2")
    with pytest.raises(Unreachable, match=why):
        await Reaper(links).round()
    assert (await record(pool, running.execution_id)).status is RunStatus.RUNNING
    assert (await record(pool, pending.execution_id)).status is RunStatus.PENDING
    return running


async def test_the_part_works_on_its_own_and_beside_others(environment: dict[str, str], pin: Pin, pool: asyncpg.Pool):
    lost, pending = await pin("lost", running=True), await pin("pending")
    async with (
        start_program("ichor_trigger", environment, "--only", "reaper") as one,
        start_program("ichor_trigger", environment, "--only", "reaper") as two,
    ):
        await one.ready()
        await two.ready()

        def started() -> list[str]:
            said = [line for program in (one, two) for line in program.logs if line["message"] == "run started"]
            return [line["execution_id"] for line in said]

        async def are_right() -> bool:
            return bool(started()) and (await record(pool, lost.execution_id)).status is RunStatus.FAILED

        await until(are_right, "one run that was started, and one that failed")
        assert [await one.stop(), await two.stop()] == [0, 0]
        assert started() == [pending.execution_id]


async def _closed(handle: WorkflowHandle[Any, Any]) -> bool:
    return (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING
