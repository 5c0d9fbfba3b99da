"""The activities on a real Temporal server, with the real journal."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from ichor_activities import ActionContext, Config, Registry, SecretFiles, Services, action
from ichor_activities.handler import AnyHandler
from ichor_activities.temporal import activities
from ichor_activities.temporal import activity as activity_module
from ichor_activities.temporal.activity import UNKNOWN_GRACE
from ichor_edgestore import EdgeStore
from ichor_edgestore.journal import Journal
from ichor_models import ActionCall, ActionError, ActionPolicy, Begun, SecretPlace
from ichor_testing import until
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


class Order(Config):
    text: str = ""
    fail: int = 0
    retryable: bool = True


tried: list[tuple[int, str]] = []


@action("order_pizza", policy=ActionPolicy(max_attempts=3))
async def order_pizza(config: Order, run: ActionContext) -> dict[str, Any]:
    tried.append((run.attempt, run.idempotency_key))
    if run.attempt <= config.fail:
        raise ActionError(f"no {config.text}", type="closed", retryable=config.retryable)
    return {"text": config.text, "attempt": run.attempt}


@action("bake_long")
async def bake_long(config: Order, run: ActionContext) -> dict[str, Any]:
    tried.append((run.attempt, run.idempotency_key))
    await asyncio.sleep(60)
    return {}


@workflow.defn(name="OneAction")
class OneAction:
    @workflow.run
    async def run(self, call: ActionCall, seconds: float) -> Any:
        return await workflow.execute_activity(
            call.type,
            call,
            start_to_close_timeout=timedelta(seconds=seconds),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10)),
            cancellation_type=workflow.ActivityCancellationType.TRY_CANCEL,
        )


async def _is_baking() -> bool:
    return bool(tried)


@pytest.fixture(autouse=True)
def forget() -> None:
    tried.clear()


class Kitchen:
    """Starts one action of a run that the database knows."""

    def __init__(self, client: Client, pool: asyncpg.Pool, queue: str) -> None:
        self._client = client
        self._pool = pool
        self._queue = queue

    @asynccontextmanager
    async def worker(self, grace: timedelta = timedelta(seconds=1), *handlers: AnyHandler) -> AsyncGenerator[None]:
        done = self._activities(handlers or (order_pizza, bake_long), grace)
        runner = UnsandboxedWorkflowRunner()
        async with Worker(
            self._client, task_queue=self._queue, workflows=[OneAction], activities=done, workflow_runner=runner
        ):
            yield

    async def keep_run(self, call: ActionCall) -> None:
        """Write the run of a call down."""
        await self._pool.execute(
            "INSERT INTO workflow.automation_executions (id, entity_type, trigger_data, status, executed_at)"
            " VALUES ($1, 'orders', '{}', 'running', now())",
            call.run.execution_id,
        )

    def activity(self, handler: AnyHandler) -> Callable[..., Any]:
        """Return the activity of a handler."""
        return self._activities([handler])[0]

    def _activities(self, handlers: Sequence[AnyHandler], grace: timedelta = UNKNOWN_GRACE) -> list[Callable[..., Any]]:
        journal, secrets = EdgeStore(self._pool).journal, SecretFiles(environment={"ICHOR_SECRET_TOKEN": "hunter2"})
        return activities(Registry(handlers), journal, Services(), secrets, grace)

    async def start(
        self, call: ActionCall, *, max_attempts: int | None = None, seconds: float = 10
    ) -> WorkflowHandle[Any, dict[str, Any]]:
        call = call.model_copy(update={"max_attempts": max_attempts})
        await self.keep_run(call)
        return await self._client.start_workflow(
            "OneAction", args=[call, seconds], id=f"one-{uuid4()}", task_queue=self._queue
        )

    async def error(self, call: ActionCall, **options: Any) -> ApplicationError:
        with pytest.raises(WorkflowFailureError) as raised:
            await (await self.start(call, **options)).result()
        assert isinstance(raised.value.cause, ActivityError)
        assert isinstance(raised.value.cause.cause, ApplicationError)
        return raised.value.cause.cause


@pytest.fixture
def kitchen(temporal_client: Client, pool: asyncpg.Pool, temporal_task_queue: str) -> Kitchen:
    return Kitchen(temporal_client, pool, temporal_task_queue)


async def test_is_tried_again_with_the_same_key(kitchen: Kitchen, make_call: Any) -> None:
    call = make_call("order_pizza", {"text": "Funghi", "fail": 2})
    async with kitchen.worker():
        result = await (await kitchen.start(call, max_attempts=5)).result()
    assert result == {"text": "Funghi", "attempt": 3, "output": "success"}
    assert tried == [(number, call.idempotency_key) for number in (1, 2, 3)]


@pytest.mark.parametrize(("backoff", "pauses"), [("8s", [8, 16]), ("20m", [1200, 1200]), (None, [1, 2])])
async def test_pauses_grow_from_the_actions_own_backoff(
    kitchen: Kitchen, make_call: Any, backoff: str | None, pauses: list[int]
) -> None:
    """Temporal names no retry policy to an activity that it hands out at once, with the answer to the workflow."""
    call = make_call("order_pizza", {"text": "Funghi", "fail": 99})
    call = ActionCall.model_validate(call.model_dump() | {"backoff": backoff, "max_attempts": 3})
    await kitchen.keep_run(call)
    perform, environment = kitchen.activity(order_pizza), ActivityEnvironment()
    assert environment.info.retry_policy is None
    for pause in pauses:
        with pytest.raises(ApplicationError, match="no Funghi") as raised:
            await environment.run(perform, call)
        assert raised.value.next_retry_delay == timedelta(seconds=pause)


async def test_the_type_limits_attempts_that_the_workflow_does_not(kitchen: Kitchen, make_call: Any) -> None:
    async with kitchen.worker():
        error = await kitchen.error(make_call("order_pizza", {"text": "Funghi", "fail": 99}))
    assert (error.type, error.message) == ("closed", "no Funghi")
    assert error.details[0]["retryable"] is True
    assert len(tried) == 3


async def test_a_store_that_is_away_costs_no_attempt(
    kitchen: Kitchen, make_call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, refusals = Journal.started, iter(range(5))

    async def away(journal: Journal, call: ActionCall) -> Begun:
        if next(refusals, None) is not None:
            raise ActionError("away", type="journal", retryable=True)
        return await started(journal, call)

    monkeypatch.setattr(Journal, "started", away)
    monkeypatch.setattr(activity_module, "_AWAY_PAUSE", timedelta(milliseconds=10))
    async with kitchen.worker():
        result = await (await kitchen.start(make_call("order_pizza", {"text": "Funghi"}), max_attempts=1)).result()
    assert result["attempt"] == 1


async def test_attempts_that_were_lost_with_their_worker_count(
    kitchen: Kitchen, pool: asyncpg.Pool, make_call: Any
) -> None:
    call = make_call("order_pizza", {"text": "Funghi"})
    handle = await kitchen.start(call, max_attempts=2)
    for _ in range(2):
        await EdgeStore(pool).journal.started(call)
    async with kitchen.worker():
        with pytest.raises(WorkflowFailureError):
            await handle.result()
    row = await pool.fetchrow("SELECT state, error ->> 'message' AS message FROM workflow.run_actions")
    assert row
    assert row["state"] == "failed"
    assert "last of its 2 attempts" in row["message"]
    assert not tried


async def test_a_last_failure_that_temporal_did_not_hear_of_is_told(
    kitchen: Kitchen, pool: asyncpg.Pool, make_call: Any
) -> None:
    call = make_call("order_pizza", {"text": "Funghi"})
    handle = await kitchen.start(call, max_attempts=1)
    await EdgeStore(pool).journal.started(call)
    await EdgeStore(pool).journal.failed(call, ActionError("no oven", type="oven", retryable=True))
    async with kitchen.worker():
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
    assert "no oven" in str(raised.value.cause.__cause__)
    assert not tried


async def test_what_no_retry_mends_is_not_tried_again(kitchen: Kitchen, make_call: Any) -> None:
    async with kitchen.worker():
        error = await kitchen.error(make_call("order_pizza", {"fail": 9, "retryable": False}))
        config = await kitchen.error(make_call("order_pizza", {"fail": "often"}))
    assert (error.type, config.type) == ("closed", "config")
    assert len(tried) == 1


async def test_no_history_holds_a_secret(kitchen: Kitchen, pool: asyncpg.Pool, make_call: Any) -> None:
    place = SecretPlace(path=("text",), start=4, name="token")
    text = "a = {{secret:token}} {{secret:token}}"
    async with kitchen.worker():
        for fail in (0, 1):
            call = make_call("order_pizza", {"text": text, "fail": 9 * fail, "retryable": False}, secrets=[place])
            handle = await kitchen.start(call)
            if fail:
                with pytest.raises(WorkflowFailureError):
                    await handle.result()
            else:
                assert (await handle.result())["text"] == text
            history = (await handle.fetch_history()).to_json()
            assert "hunter2" not in history
            assert "order_pizza" in history
    rows = await pool.fetch("SELECT row_to_json(a)::text AS row FROM workflow.run_actions a")
    assert len(rows) == 2
    assert not any("hunter2" in row["row"] for row in rows)


async def test_an_unknown_type_is_tried_for_a_while(kitchen: Kitchen, make_call: Any) -> None:
    async with kitchen.worker(timedelta(seconds=1)):
        started = asyncio.get_running_loop().time()
        error = await kitchen.error(make_call("juggle"))
    assert (error.type, error.non_retryable) == ("unknown_action_type", True)
    assert "juggle" in error.message
    assert 1 <= asyncio.get_running_loop().time() - started < 60


async def test_a_type_that_comes_with_a_rollout_is_done(kitchen: Kitchen, make_call: Any) -> None:
    async with kitchen.worker(timedelta(minutes=1), bake_long):
        handle = await kitchen.start(make_call("order_pizza", {"text": "late"}), max_attempts=1)

        async def was_refused() -> bool:
            pending = (await handle.describe()).raw_description.pending_activities
            return any(activity.attempt > 1 for activity in pending)

        await until(was_refused, "an attempt by a worker that does not know the type")
    async with kitchen.worker(timedelta(minutes=1)):
        assert (await handle.result())["text"] == "late"


async def test_too_long_is_a_timeout_of_ours(kitchen: Kitchen, make_call: Any) -> None:
    async with kitchen.worker():
        error = await kitchen.error(make_call("bake_long"), max_attempts=1, seconds=10)
    assert error.type == "timeout"
    assert "bake_long" in error.message


async def test_cancelling_the_workflow_ends(kitchen: Kitchen, make_call: Any) -> None:
    async with kitchen.worker():
        handle = await kitchen.start(make_call("bake_long"))
        await until(_is_baking, "the start of the action", pause=0.02)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
    assert isinstance(raised.value.cause, CancelledError)
