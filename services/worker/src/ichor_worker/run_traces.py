"""Records runs as traces: each attempt at an action while it goes on, and at its end the run with all its actions."""

from typing import Any

from ichor_edgestore import EdgeStore
from ichor_models import CURRENT_TRACE, ActionCall, ExecutionId, Traceparent
from ichor_service import Link, record_run, span, trace_of
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

_RUN_ENDED = "ichor.run_ended"


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
                await record_run(self._store.opened, ExecutionId(input.args[0]), traced)
        finally:
            CURRENT_TRACE.reset(token)
        return result


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
