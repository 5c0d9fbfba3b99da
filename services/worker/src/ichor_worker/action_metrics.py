"""Measures actions by their type."""

import time
from collections.abc import Mapping
from typing import Any

from ichor_models import ASKED, ActionCall
from prometheus_client import CollectorRegistry, Histogram
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

_ENGINE, _UNKNOWN = "(engine)", "(unknown)"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)


class ActionMetrics(Interceptor):
    """Counts and times each attempt at an action; those of types without a handler are one, as rules may name any."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "ichor_action_seconds",
            "How long attempts at actions took, by the action's type and the outcome",
            ["type", "outcome"],
            registry=registry,
            buckets=_SECONDS,
        )

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Put our own interceptor before the next."""
        return _Measured(next, self._seconds)


class _Measured(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, seconds: Histogram) -> None:
        super().__init__(next)
        self._seconds = seconds

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        type_ = activity.info().activity_type
        if not any(isinstance(argument, ActionCall) for argument in input.args):
            type_ = _ENGINE if type_.startswith("ichor.") else _UNKNOWN
        began, outcome = time.monotonic(), "cancelled"
        try:
            result: Any = await super().execute_activity(input)
            outcome = _outcome(result)
        except Exception:
            outcome = "failed"
            raise
        finally:
            self._seconds.labels(type_, outcome).observe(time.monotonic() - began)
        return result


def _outcome(result: object) -> str:
    return "asked" if isinstance(result, Mapping) and ASKED in result else "completed"
