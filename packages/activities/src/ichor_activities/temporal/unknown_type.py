"""Action types that this worker has no handler for: perhaps a rollout is under way, so they are tried for a while."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

TYPE = "unknown_action_type"
_PAUSE = timedelta(seconds=2)


def unknown_type(grace: timedelta) -> Callable[..., Any]:
    """Return the activity for every other type; `grace` counts from when the action was first scheduled."""

    @activity.defn(dynamic=True)
    async def unknown(arguments: Sequence[RawValue]) -> None:
        info = activity.info()
        policy = info.retry_policy
        left = info.scheduled_time + grace - datetime.now(UTC)
        attempts_left = policy.maximum_attempts - info.attempt if policy and policy.maximum_attempts else None
        raise refusal(info.activity_type, left, attempts_left)

    return unknown


def refusal(name: str, left: timedelta, attempts_left: int | None) -> ApplicationError:
    """Return the error: to be tried again while there is time, the attempts that are left spread over it."""
    message = (
        f"No handler for the action type {name}; install the package that has it in the workers, or correct the rule."
    )
    if left <= timedelta(0):
        return ApplicationError(message, type=TYPE, non_retryable=True)
    pause = left / attempts_left if attempts_left else _PAUSE
    return ApplicationError(message, type=TYPE, next_retry_delay=max(min(pause, left), timedelta(milliseconds=100)))
