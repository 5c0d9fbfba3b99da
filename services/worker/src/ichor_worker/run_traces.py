"""Records runs as traces: each attempt at an action while it goes on, and at its end the run with all its actions.

A span of a run or an action begins and ends as the record says, and has an id of its own: where the end of a run is
written down again, the same spans are sent again.
"""

from typing import Any

import structlog
from ichor_edgestore import ActionView, EdgeStore, RunView
from ichor_models import CURRENT_TRACE, ActionCall, ActionState, ExecutionId, Traceparent
from ichor_service import Link, reason, record_span, span, trace_of
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

_RUN_ENDED = "ichor.run_ended"
_log = structlog.stdlib.get_logger(__name__)


class RunTraces(Interceptor):
    """Finds the run's trace in the header of its activities."""

    def __init__(self, store: Link[EdgeStore]) -> None:
        self._store = store

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Put our own interceptor before the next."""
        return _Traced(next, self._store)


class _Traced(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, store: Link[EdgeStore]) -> None:
        super().__init__(next)
        self._store = store

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        traced = trace_of(input.headers)
        if traced is None:
            return await super().execute_activity(input)
        call = next((argument for argument in input.args if isinstance(argument, ActionCall)), None)
        if call is None:
            return await self._engine_activity(input, traced)
        parent = traced.at(call.run.execution_id, call.name)
        with span(f"attempt {call.name}", _facts_of(call), kind="consumer", parent=parent):
            return await super().execute_activity(input)

    async def _engine_activity(self, input: ExecuteActivityInput, traced: Traceparent) -> Any:
        token = CURRENT_TRACE.set(traced)
        try:
            result = await super().execute_activity(input)
            if activity.info().activity_type == _RUN_ENDED:
                await self._record(ExecutionId(input.args[0]), traced)
        finally:
            CURRENT_TRACE.reset(token)
        return result

    async def _record(self, run: ExecutionId, traced: Traceparent) -> None:
        try:
            record_run(await self._store.opened.get_run(run), traced)
        except Exception as error:
            # The run has ended well, whoever watches it.
            _log.warning("the run is not in its trace", execution_id=run, reason=reason(error))


def record_run(run: RunView, traced: Traceparent) -> None:
    """Record a run that ended, and those of its actions that did something; `traced` is what started it."""
    own = traced.at(run.execution_id)
    whose = {
        "ichor.run": run.execution_id,
        "ichor.rule": run.rule_name,
        "ichor.rule_id": run.rule_id,
        "ichor.event_id": run.event_id,
    }
    facts = {**whose, "ichor.status": run.status, "ichor.workflow_id": run.workflow_id}
    above = None if traced.is_new else traced.span_id
    if run.ended is not None:
        record_span(f"run {run.rule_name}", facts, own, above, (run.started or run.created, run.ended), run.error)
    for action in run.actions:
        if action.started is not None and action.ended is not None:
            facts, times = {**whose, **_facts_of_action(action)}, (action.started, action.ended)
            of_action = own.at(run.execution_id, action.name)
            record_span(f"action {action.name}", facts, of_action, own.span_id, times, _error(action))


def _facts_of(call: ActionCall) -> dict[str, str | int]:
    return {
        "ichor.run": call.run.execution_id,
        "ichor.rule": call.run.rule_name,
        "ichor.rule_id": call.run.rule_id,
        "ichor.event_id": call.run.event.event_id,
        "ichor.action": call.name,
        "ichor.action_type": call.type,
        "ichor.attempt": activity.info().attempt,
    }


def _facts_of_action(action: ActionView) -> dict[str, str | int]:
    return {
        "ichor.action": action.name,
        "ichor.action_type": action.type,
        "ichor.state": action.state,
        "ichor.attempts": action.attempts,
    }


def _error(action: ActionView) -> str | None:
    if action.state != ActionState.FAILED:
        return None
    return str((action.error or {}).get("message", action.state))
