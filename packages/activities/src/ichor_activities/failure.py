"""Whatever went wrong in an action, as the one kind of error that people, journal and Temporal are shown."""

from ichor_models import ActionError, truncate_text
from ichor_models.strict_json import storable

from ichor_activities.redaction import Redaction
from ichor_activities.sql_failure import as_action_error

LONGEST_MESSAGE = 2000
"""How many bytes the message of an error may have, as JSON; its type may have as many."""


def as_failure(error: BaseException, redaction: Redaction) -> ActionError:
    """Return an error without secrets; one that nobody foresaw may be tried again and is named by its class."""
    known = error if isinstance(error, ActionError) else as_action_error(error)
    if known is None:
        known = ActionError(str(error) or type(error).__name__, type=type(error).__name__, retryable=True)
    return ActionError(_bounded(redaction.text(known.message)), type=_bounded(known.type), retryable=known.retryable)


def _bounded(text: str) -> str:
    return truncate_text(storable(text), LONGEST_MESSAGE)
