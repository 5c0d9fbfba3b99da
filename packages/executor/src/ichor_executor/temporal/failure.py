"""What became of an activity, in the engine's words."""

from typing import cast

from ichor_models import ActionError
from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutError, TimeoutType

_WORDS = {
    TimeoutType.START_TO_CLOSE: "One attempt took longer than the action's timeout.",
    TimeoutType.HEARTBEAT: "The action stopped to give signs of life.",
}


def action_error(error: BaseException) -> ActionError:
    """Return the error of an action as outcomes and templates show it."""
    cause = error.cause if isinstance(error, ActivityError) else error
    if _is_late(error, cause):
        return ActionError(f"The action's deadline passed.{_before(cause)}", type="deadline")
    if isinstance(cause, ApplicationError):
        return ActionError(cause.message, type=cause.type or "ActionError", retryable=_retryable(cause))
    if isinstance(cause, TimeoutError):
        words = _WORDS.get(cause.type, str(cause)) if cause.type is not None else str(cause)
        return ActionError(words, type="timeout", retryable=True)
    return ActionError(str(cause) or type(cause).__name__, type=type(cause).__name__)


def is_own_word(error: BaseException) -> bool:
    """Say whether the action itself said that it failed for good, not a deadline, a cancel or a worker that is gone."""
    cause = error.cause if isinstance(error, ActivityError) else error
    return isinstance(cause, ApplicationError) and cause.non_retryable


def _is_late(error: BaseException, cause: BaseException | None) -> bool:
    """Say whether the deadline ended it: before an attempt, during one, or since no time was left for another."""
    if isinstance(cause, TimeoutError) and cause.type in (TimeoutType.SCHEDULE_TO_START, TimeoutType.SCHEDULE_TO_CLOSE):
        return True
    return isinstance(error, ActivityError) and error.retry_state is RetryState.TIMEOUT


def _before(cause: BaseException | None) -> str:
    """Say what had become of an action when its deadline passed."""
    last = cause.cause if isinstance(cause, TimeoutError) else cause
    if isinstance(last, ApplicationError):
        return f" Its last attempt: {last.message}"
    never_begun = isinstance(cause, TimeoutError) and cause.type is TimeoutType.SCHEDULE_TO_START
    return " No worker had taken it." if never_begun else ""


def _retryable(error: ApplicationError) -> bool:
    """Return what the action itself said: its last attempt is never tried again, whatever a retry might help."""
    own = error.details[0] if error.details else None
    said = cast("dict[str, object]", own).get("retryable") if isinstance(own, dict) else None
    return said if isinstance(said, bool) else not error.non_retryable
