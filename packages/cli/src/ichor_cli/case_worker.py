"""A Temporal worker that answers the actions of cases, on a task queue of its own."""

import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ichor_executor.temporal import ExecuteGraphWorkflow, engine_activities, start_run
from ichor_models import (
    ActionCall,
    ActionError,
    ActionOptions,
    ActionOutcome,
    ActionRecord,
    Case,
    Catalogue,
    ExecutionId,
    Firing,
    Outcome,
    Reply,
    Rule,
    RunOptions,
    RunRecord,
    RunRequest,
)
from pydantic import JsonValue
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner

from ichor_cli.errors import Missing

_GRACE = timedelta(seconds=5)

type _Object = dict[str, JsonValue]


@dataclass(slots=True)
class _CaseRun:
    """One run of a case: what its actions were asked and answered, and its end."""

    case: Case
    catalogue: Catalogue
    configs: dict[str, _Object] = field(default_factory=dict[str, _Object])
    results: dict[str, _Object] = field(default_factory=dict[str, _Object])
    record: RunRecord | None = None

    def answer(self, call: ActionCall) -> _Object:
        """Check a config as a worker would, and answer from the case."""
        self.configs[call.name] = call.config
        config = self.case.fit(self.catalogue, call.type, call.config)
        self.configs[call.name] = config
        self.results[call.name] = self.case.answer(call.name, call.type, config)
        return self.results[call.name]

    def outcome(self, record: RunRecord) -> Outcome:
        """Put together what the workflow wrote down and what its actions saw."""
        return Outcome(
            status=record.status,
            actions={action.name: self._action(action) for action in record.actions},
            order=record.order,
        )

    def _action(self, action: ActionRecord) -> ActionOutcome:
        return ActionOutcome(
            state=action.state,
            config=self.configs.get(action.name, action.config),
            result=self.results.get(action.name, action.result),
        )


class CaseWorker:
    """Runs cases, any number at once; each call comes with the id of its workflow, which tells them apart."""

    def __init__(self, client: Client, catalogue: Catalogue) -> None:
        self._client = client
        self._catalogue = catalogue
        self._runs: dict[str, _CaseRun] = {}
        self.task_queue = f"ichor-case-{secrets.token_hex(8)}"

    async def run(self, rule: Rule, case: Case, events_per_run: int | None = None) -> Outcome:
        """Run a case to its end and return its outcome.

        Raises:
            InvalidDocument: the case does not fit the rule.
            Missing: the server ended the run before the engine could.
        """
        request = _request(rule, case, events_per_run)
        id_ = f"case-{secrets.token_hex(8)}"
        run = self._runs[id_] = _CaseRun(case, self._catalogue)
        try:
            await start_run(self._client, request, workflow_id=id_, task_queue=self.task_queue)
            ended = await self._end(id_)
        finally:
            del self._runs[id_]
        if run.record is None:
            raise Missing(f"Temporal ended the run: {ended}.", code="run_lost", mend="Read the server's log.")
        return run.outcome(run.record)

    def activities(self) -> list[Callable[..., Any]]:
        """Return the activities of this worker: one for every type of action, and those of the engine."""

        @activity.defn(dynamic=True)
        async def answer(arguments: Sequence[RawValue]) -> _Object:
            call = activity.payload_converter().from_payload(arguments[0].payload, ActionCall)
            try:
                return self._current().answer(call)
            except ActionError as error:
                raise _failure(error) from None

        return [answer, *engine_activities(self)]

    async def pin_firing(self, firing: Firing) -> None:
        """Do nothing: no schedule starts a case."""

    async def run_started(self, execution_id: ExecutionId) -> None:
        """Do nothing: a case needs no row."""

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> bool:
        """Keep how the run ended."""
        self._current().record = record
        return True

    async def close_question(self, execution_id: ExecutionId, action_key: str, ask: int) -> Reply | None:
        """Close a question: no action of a case asks one."""

    async def drop_questions(self, execution_id: ExecutionId, asks: Sequence[tuple[str, int]]) -> None:
        """Close questions: no action of a case asks one."""

    def _current(self) -> _CaseRun:
        return self._runs[activity.info().workflow_id or ""]

    async def _end(self, id_: str) -> str:
        try:
            await self._client.get_workflow_handle(id_).result()
        except WorkflowFailureError as error:
            return str(error.cause)
        return "it completed"


@asynccontextmanager
async def case_worker(
    client: Client, catalogue: Catalogue, runner: WorkflowRunner | None = None
) -> AsyncGenerator[CaseWorker]:
    """Yield a worker that runs cases until the block ends."""
    cases = CaseWorker(client, catalogue)
    worker = Worker(
        client,
        task_queue=cases.task_queue,
        workflows=[ExecuteGraphWorkflow],
        activities=cases.activities(),
        workflow_runner=runner or UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=[Exception],
        graceful_shutdown_timeout=_GRACE,
    )
    async with worker:
        yield cases


def _request(rule: Rule, case: Case, events_per_run: int | None) -> RunRequest:
    """Return a case's request without limits of time: in a case nothing takes any."""
    actions = tuple(action.model_copy(update={"options": ActionOptions()}) for action in rule.actions)
    options = rule.options.model_copy(update={"deadline": RunOptions().deadline})
    timeless = rule.model_copy(update={"actions": actions, "options": options})
    return case.request(timeless).model_copy(update={"events_per_run": events_per_run})


def _failure(error: ActionError) -> ApplicationError:
    """Return a failure that the case asked for, and that is therefore nothing to log."""
    return ApplicationError(
        error.message,
        type=error.type,
        non_retryable=not error.retryable,
        category=ApplicationErrorCategory.BENIGN,
    )
