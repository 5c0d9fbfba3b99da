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
        raise refusal(info.activity_type, info.scheduled_time + grace - datetime.now(UTC))

    return unknown


def refusal(name: str, left: timedelta) -> ApplicationError:
    """Return the error: to be tried again while there is time."""
    message = (
        f"No handler for the action type {name}; install the package that has it in the workers, or correct the rule."
    )
    if left <= timedelta(0):
        return ApplicationError(message, type=TYPE, non_retryable=True)
    return ApplicationError(message, type=TYPE, next_retry_delay=max(min(_PAUSE, left), timedelta(milliseconds=100)))
