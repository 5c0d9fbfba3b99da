"""What a failure of the database means for an action: whether a retry may help, and what to tell people.

An error of PostgreSQL is known by its `sqlstate`, so that no driver is imported here
(https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""

from collections.abc import Generator
from contextlib import contextmanager

from ichor_models import ActionError

from ichor_activities.errors import InvalidValue, NotAllowed, Unavailable

_DATA = ("22", "23", "44", "P0")
_STATEMENT = ("0A", "42")
_DENIED = "42501"


def sqlstate(error: BaseException) -> str | None:
    """Return the five characters of an error of PostgreSQL, None for any other."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) and len(state) == 5 else None


def as_action_error(error: BaseException, what: str = "The database refuses this") -> ActionError | None:
    """Return what an error of PostgreSQL means, None where it is none."""
    state = sqlstate(error)
    if state is None:
        return None
    message = f"{what}: {_sentence(error)}"
    if state == _DENIED:
        return NotAllowed(message)
    if state.startswith(_DATA):
        return InvalidValue(message)
    if state.startswith(_STATEMENT):
        return ActionError(message, type="database")
    return Unavailable(f"The database cannot do this now: {_sentence(error)}")


@contextmanager
def refusal_of(column: str) -> Generator[None]:
    """Say in an error of PostgreSQL which column did not take its value."""
    try:
        yield
    except Exception as error:
        if (refusal := as_action_error(error, f"{column} does not take this value")) is not None:
            raise refusal from error
        raise


def _sentence(error: BaseException) -> str:
    parts = [str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__]
    detail = getattr(error, "detail", None)
    if isinstance(detail, str) and detail and detail not in parts[0]:
        parts.append(detail.strip())
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts)
