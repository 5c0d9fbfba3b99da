"""The Temporal workflow around the machine: it performs what the machine asks for and tells it what ended."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from ichor_models import ActionCall, RunRecord, RunRequest, RunStatus

    from ichor_executor.command import Command, Ended, EndRun, RunAction
    from ichor_executor.errors import CyclicGraph
    from ichor_executor.machine import Machine
    from ichor_executor.plan import Kind, Plan
    from ichor_executor.recorder import Recorder, Stop
    from ichor_executor.temporal.activity_options import activity_options
    from ichor_executor.temporal.failure import action_error
    from ichor_executor.temporal.records import RUN_ENDED, RUN_STARTED, UNKNOWN_RUN
    from ichor_executor.temporal.run_input import Carried, RunInput

WORKFLOW_TYPE = "ExecuteGraphWorkflow"
STATUS = SearchAttributeKey.for_keyword("IchorStatus")
_RECORDING = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))


@workflow.defn(name=WORKFLOW_TYPE)
class ExecuteGraphWorkflow:
    """Runs one version of one rule's graph for one event."""

    @workflow.run
    async def run(self, start: RunInput) -> dict[str, str]:
        """Run to the end and return the status; a failed run fails, a cancelled one is cancelled."""
        request = start.request
        try:
            plan = Plan(request.graph)
        except CyclicGraph as error:
            record = RunRecord(
                status=RunStatus.FAILED, error=str(error), error_type="invalid_graph", actions=(), order=()
            )
            await _record(RUN_ENDED, request.run.execution_id, record)
            return _end(record)
        return await _Run(plan, request, start.carried).to_its_end()


class _Run:
    def __init__(self, plan: Plan, request: RunRequest, carried: Carried | None) -> None:
        self._plan = plan
        self._request = request
        self._carried = carried
        self._machine = Machine(plan, request, carried.state if carried else None)
        self._recorder = Recorder(plan, carried.notes if carried else None)
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._started: dict[int, datetime] = {}
        self._inbox: deque[tuple[int, asyncio.Task[Any]]] = deque()
        self._status: RunStatus | None = None
        self._deadline: asyncio.Task[None] | None = None
        self._stopped: Stop | None = None

    async def to_its_end(self) -> dict[str, str]:
        started = self._record_start()
        await self._drive(started)
        self._stop()
        await _shielded(started)
        if self._status is None:
            workflow.continue_as_new(RunInput(request=self._request, carried=self._carry()))
        record = self._recorder.record(self._status, self._stopped)
        await _shielded(asyncio.create_task(_record(RUN_ENDED, self._request.run.execution_id, record)))
        return _end(record)

    def _record_start(self) -> asyncio.Task[None]:
        """Write down that the run started, beside its first actions; a run that is continued has done so."""
        if self._carried:
            return asyncio.create_task(_nothing())
        return asyncio.create_task(_record(RUN_STARTED, self._request.run.execution_id))

    async def _drive(self, started: asyncio.Task[None]) -> None:
        """Go on until the run ends, is stopped, or is due to be continued as new."""
        try:
            self._watch_deadline()
            start = self._machine.resume if self._carried else self._machine.start
            self._perform(start(workflow.now()))
            while self._status is None and not self._due():
                await workflow.wait_condition(lambda: bool(self._inbox) or self._expired())
                if self._expired():
                    self._stop_as(RunStatus.FAILED, Stop.DEADLINE)
                else:
                    self._listen()
            await asyncio.shield(started)
        except asyncio.CancelledError:
            self._stop_as(RunStatus.CANCELLED, Stop.CANCELLED)

    def _listen(self) -> None:
        while self._inbox:
            self._perform(self._tell(*self._inbox.popleft()))

    def _stop_as(self, status: RunStatus, stop: Stop) -> None:
        """Hear what ended until now, which may be the end of the run, and start nothing more."""
        self._machine.hold()
        self._listen()
        if self._status is None:
            self._status, self._stopped = status, stop

    def _perform(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, Ended):
                self._recorder.note(command, workflow.now(), self._started.pop(command.at, None))
            elif isinstance(command, EndRun):
                self._status = command.status
            elif isinstance(command, RunAction):
                self._watch(command.at, self._activity(command))
            else:
                self._started[command.at] = workflow.now()
                pause = timedelta(seconds=max(0.0, command.until - workflow.now().timestamp()))
                summary = self._plan.nodes[command.at].action.name[:100]
                self._watch(command.at, asyncio.create_task(workflow.sleep(pause, summary=summary)))

    def _activity(self, command: RunAction) -> asyncio.Task[Any]:
        action = self._plan.nodes[command.at].action
        call = ActionCall(
            run=self._request.run,
            key=action.key,
            name=action.name,
            type=action.type,
            config=command.config,
            secrets=command.secrets,
            max_attempts=action.options.max_attempts,
        )
        return workflow.start_activity(action.type, call, result_type=dict, **activity_options(action, command.at))

    def _watch(self, index: int, task: asyncio.Task[Any]) -> None:
        self._tasks[index] = task
        task.add_done_callback(lambda done: self._inbox.append((index, done)))

    def _tell(self, index: int, task: asyncio.Task[Any]) -> list[Command]:
        del self._tasks[index]
        now = workflow.now()
        error = asyncio.CancelledError("The action was cancelled.") if task.cancelled() else task.exception()
        if error is not None:
            return self._machine.failed(index, action_error(error), now)
        if self._plan.nodes[index].kind is Kind.DELAY and not self._request.case:
            return self._machine.fired(index, now)
        return self._machine.succeeded(index, task.result(), now)

    def _due(self) -> bool:
        """Say whether to continue as new now: it is time, and nothing is in flight. Before that nothing more starts."""
        info = workflow.info()
        limit = self._request.events_per_run
        if info.is_continue_as_new_suggested() or (limit and info.get_current_history_length() >= limit):
            self._machine.hold()
            return self._machine.quiet and not self._inbox
        return False

    def _carry(self) -> Carried:
        return Carried(self._machine.state, self._recorder.notes, self._ends_at())

    def _ends_at(self) -> datetime | None:
        if self._carried:
            return self._carried.deadline
        limit = self._request.options.deadline
        return workflow.info().start_time + limit if limit else None

    def _watch_deadline(self) -> None:
        if (at := self._ends_at()) is not None:
            pause = max(timedelta(), at - workflow.now())
            self._deadline = asyncio.create_task(workflow.sleep(pause, summary="deadline of the run"))

    def _expired(self) -> bool:
        return self._deadline is not None and self._deadline.done()

    def _stop(self) -> None:
        """Cancel what is under way; what it would still say is not heard."""
        for task in [*self._tasks.values(), *([self._deadline] if self._deadline else [])]:
            task.cancel()


async def _nothing() -> None:
    return


async def _record(activity: str, *arguments: Any) -> None:
    """Write something down, however long that takes; a run whose row is gone goes on without."""
    try:
        await workflow.execute_activity(
            activity,
            args=arguments,
            activity_id=activity,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=_RECORDING,
        )
    except ActivityError as error:
        if not isinstance(error.cause, ApplicationError) or error.cause.type != UNKNOWN_RUN:
            raise
        workflow.logger.warning("%s: %s", activity, error.cause.message)


async def _shielded(task: asyncio.Task[None]) -> None:
    """Wait for a task to its end, whatever cancels this workflow meanwhile."""
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
    task.result()


def _end(record: RunRecord) -> dict[str, str]:
    """Close the workflow as Temporal should see the run (semantics.md, The law)."""
    if STATUS in workflow.info().typed_search_attributes:
        update: SearchAttributeUpdate[str] = STATUS.value_set(record.status.value)
        workflow.upsert_search_attributes([update])  # pyright: ignore[reportUnknownMemberType] (the SDK's own union)
    if record.status is RunStatus.CANCELLED:
        raise asyncio.CancelledError(record.error)
    if record.status is RunStatus.FAILED:
        raise ApplicationError(record.error or "The run failed.", type=record.error_type, non_retryable=True)
    return {"status": record.status.value}
