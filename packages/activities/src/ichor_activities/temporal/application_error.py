"""A failed action as Temporal is told of it."""

from datetime import timedelta

from ichor_models import ActionError
from temporalio.exceptions import ApplicationError


def as_application_error(
    error: ActionError, *, is_last: bool = False, pause: timedelta | None = None
) -> ApplicationError:
    """Return the error with the action's own as its detail; `is_last` forbids the next attempt, `pause` precedes it."""
    return ApplicationError(
        error.message,
        error.as_json(),
        type=error.type,
        non_retryable=is_last or not error.retryable,
        next_retry_delay=pause,
    )
