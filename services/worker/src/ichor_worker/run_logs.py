"""Puts the ids of run, action and attempt on every log line of an activity, and says how it ended."""

import time
from collections.abc import Sequence
from typing import Any

import structlog
from ichor_models import ActionCall
from ichor_service import reason
from structlog.contextvars import bound_contextvars
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

_log = structlog.stdlib.get_logger(__name__)


class RunLogs(Interceptor):
    """Binds the ids for the length of each activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Put our own interceptor before the next."""
        return _Bound(next)


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        with bound_contextvars(**_ids(activity.info(), input.args)):
            began = time.monotonic()
            try:
                result = await super().execute_activity(input)
            except Exception as error:
                _log.warning("action failed", reason=reason(error), seconds=_since(began))
                raise
            _log.info("action done", seconds=_since(began))
            return result


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


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
