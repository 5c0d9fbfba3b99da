"""What a failure of the database means for an action: whether a retry may help, and what to tell people.

An error of PostgreSQL is known by its `sqlstate`, its own or that of the error it comes from, so that no driver and no
store is imported here (https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from ichor_models import ActionError

from ichor_activities.errors import JOURNAL, InvalidValue, NotAllowed, Unavailable

_DATA = ("22", "23", "44", "P0")
_STATEMENT = ("0A", "42")
_DENIED = "42501"
_ABOUT_KEYS = ("23503", "23505")


def as_action_error(error: BaseException, what: str = "The database refuses this") -> ActionError | None:
    """Return what an error of PostgreSQL means, None where it is none, or says that the store is away."""
    if isinstance(error, ActionError) and error.type == JOURNAL:
        return None
    source = next((item for item in _causes(error) if _sqlstate(item)), None)
    if source is None:
        return None
    state, sentence = _sqlstate(source), _sentence(source)
    if state == _DENIED:
        return NotAllowed(f"{what}: {sentence}")
    if state.startswith(_DATA):
        return InvalidValue(f"{what}: {sentence}")
    if state.startswith(_STATEMENT):
        return ActionError(f"{what}: {sentence}", type="database")
    return Unavailable(f"The database cannot do this now: {sentence}")


@contextmanager
def refusals(what: str = "The database refuses this") -> Generator[None]:
    """Turn errors of PostgreSQL in this block into the action's; `what` begins the sentence."""
    try:
        yield
    except Exception as error:
        if (refusal := as_action_error(error, what)) is not None:
            raise refusal from error
        raise


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _sqlstate(error: BaseException) -> str:
    """Return the five characters of an error of PostgreSQL, nothing for any other."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) and len(state) == 5 else ""


def _sentence(error: BaseException) -> str:
    """Say what PostgreSQL said; its detail only where that tells keys, for elsewhere it tells whole rows."""
    lines = str(error).strip().splitlines()
    parts = [lines[0] if lines else type(error).__name__]
    detail = getattr(error, "detail", None)
    if isinstance(detail, str) and detail.strip() and _sqlstate(error) in _ABOUT_KEYS:
        parts.append(detail.strip())
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts)
