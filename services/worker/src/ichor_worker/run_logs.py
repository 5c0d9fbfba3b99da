"""Puts the ids of run, action and attempt on every log line of an activity."""

from collections.abc import Sequence
from typing import Any

from ichor_models import ActionCall
from structlog.contextvars import bound_contextvars
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


class RunLogs(Interceptor):
    """Binds the ids for the length of each activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Put our own interceptor before the next."""
        return _Bound(next)


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        with bound_contextvars(**_ids(activity.info(), input.args)):
            return await super().execute_activity(input)


def _ids(info: activity.Info, arguments: Sequence[object]) -> dict[str, object]:
    ids: dict[str, object] = {
        "workflow_id": info.workflow_id,
        "activity_id": info.activity_id,
        "action_type": info.activity_type,
        "attempt": info.attempt,
    }
    call = next((argument for argument in arguments if isinstance(argument, ActionCall)), None)
    if call is None:
        return ids
    run = call.run
    return {
        **ids,
        "execution_id": run.execution_id,
        "rule_id": run.rule_id,
        "rule": run.rule_name,
        "action": call.name,
        "event_id": run.event.event_id,
    }
