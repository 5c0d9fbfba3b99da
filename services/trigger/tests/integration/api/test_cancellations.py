"""Runs cancelled over the API."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from ichor_edgestore import EdgeStore, PinnedRun, RunView
from ichor_executor.temporal import ExecuteGraphWorkflow, Started, engine_activities, start_run
from ichor_models import EntityEvent, RuleId, RunRecord, RunStatus
from ichor_testing import until
from ichor_trigger.links import Links
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

type ClientOf = Callable[..., httpx.AsyncClient]
type SaveRule = Callable[[object], Awaitable[RuleId]]
type Pin = Callable[[], Awaitable[PinnedRun]]

RULE = {
    "name": "Waits",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}
UNKNOWN = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def canceller(client_of: ClientOf, temporal_links: Links) -> httpx.AsyncClient:
    """A client that may cancel runs, of an API that reaches Temporal."""
    return client_of("ada", links=temporal_links)


@pytest.fixture
def pin(pool: asyncpg.Pool, save_rule: SaveRule) -> Pin:
    """Pins a run, which nobody starts."""

    async def pinned() -> PinnedRun:
        event = {"event_id": "of/e1", "event_type": "on_create", "entity_name": "orders"}
        return await EdgeStore(pool).pin_run(await save_rule(RULE), EntityEvent.model_validate(event))

    return pinned


@asynccontextmanager
async def worker(client: Client, store: EdgeStore, task_queue: str) -> AsyncGenerator[None]:
    async with Worker(
        client,
        task_queue=task_queue,
        workflows=[ExecuteGraphWorkflow],
        activities=engine_activities(store),
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield


async def ended(store: EdgeStore, run: str) -> RunView:
    async def has_ended() -> bool:
        return (await store.get_run(run)).status.ended

    await until(has_ended, "the run ends")
    return await store.get_run(run)


async def test_a_run_is_cancelled_and_says_by_whom_and_why(
    canceller: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool, temporal_client: Client, temporal_task_queue: str
) -> None:
    run, store = await pin(), EdgeStore(pool)
    await start_run(temporal_client, run.request, workflow_id=run.workflow_id, task_queue=temporal_task_queue)
    path, headers = f"/v1/runs/{run.workflow_id}/cancel", {"idempotency-key": "k1"}
    async with worker(temporal_client, store, temporal_task_queue):
        first = await canceller.post(path, json={"reason": "wrong customer"}, headers=headers)
        assert (first.status_code, first.json()["run"]) == (202, run.execution_id)
        shown = await ended(store, run.execution_id)
    assert (shown.status, shown.actions[0].state) == (RunStatus.CANCELLED, "cancelled")
    assert shown.cancellation is not None
    assert (shown.cancellation.by, shown.cancellation.reason) == ("ada", "wrong customer")
    again = await canceller.post(path, json={"reason": "wrong customer"}, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    late = await canceller.post(path)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "run_ended")


async def test_a_cancel_whose_answer_was_lost_is_no_late_one(
    canceller: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool, temporal_client: Client, temporal_task_queue: str
) -> None:
    run, store = await pin(), EdgeStore(pool)
    await start_run(temporal_client, run.request, workflow_id=run.workflow_id, task_queue=temporal_task_queue)
    path, headers, told = f"/v1/runs/{run.execution_id}/cancel", {"idempotency-key": "k1"}, {"reason": "wrong customer"}
    async with worker(temporal_client, store, temporal_task_queue):
        first = await canceller.post(path, json=told, headers=headers)
        await pool.execute("UPDATE workflow.idempotency_keys SET status = NULL, response = NULL")
        await ended(store, run.execution_id)
    again = await canceller.post(path, json=told, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json() | {"status": "cancelled"})
    assert _told(await canceller.post(path, json={"reason": "another"})) == (409, "run_ended")


async def test_a_run_that_was_not_started_yet_is_cancelled_and_nobody_starts_it_afterwards(
    canceller: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool, temporal_client: Client, temporal_task_queue: str
) -> None:
    run, store = await pin(), EdgeStore(pool)
    response = await canceller.post(f"/v1/runs/{run.execution_id}/cancel")
    assert (response.status_code, response.json()["status"]) == (202, "pending")
    assert (
        await start_run(temporal_client, run.request, workflow_id=run.workflow_id, task_queue=temporal_task_queue)
        is Started.BEFORE
    )
    async with worker(temporal_client, store, temporal_task_queue):
        assert (await ended(store, run.execution_id)).status is RunStatus.CANCELLED


async def test_what_cannot_be_cancelled_says_why(
    canceller: httpx.AsyncClient, client_of: ClientOf, temporal_links: Links, pin: Pin, pool: asyncpg.Pool
) -> None:
    run, store = await pin(), EdgeStore(pool)
    path = f"/v1/runs/{run.execution_id}/cancel"
    for unknown in (UNKNOWN, "no/such/run"):
        assert _told(await canceller.post(f"/v1/runs/{unknown}/cancel")) == (404, "run_not_found")
    assert _told(await canceller.post(path, json={"reason": "x" * 2001})) == (422, "invalid_request")
    assert _told(await client_of("otto", links=temporal_links).post(path)) == (403, "missing_scope")
    await store.run_started(run.execution_id)
    assert _told(await canceller.post(path)) == (409, "run_lost")
    await store.run_ended(run.execution_id, RunRecord(status=RunStatus.COMPLETED, actions=(), order=()))
    assert _told(await canceller.post(path)) == (409, "run_ended")


async def test_without_the_right_temporal_nothing_is_noted(
    ada: httpx.AsyncClient, canceller: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool
) -> None:
    run, store = await pin(), EdgeStore(pool)
    path = f"/v1/runs/{run.execution_id}/cancel"
    assert _told(await ada.post(path)) == (503, "unavailable")
    await store.home_namespace("another")
    assert _told(await canceller.post(path)) == (503, "foreign_namespace")
    assert (await store.get_run(run.execution_id)).cancellation is None


def _told(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]
