"""What an error means, in one line for logs and health checks."""

from collections.abc import Iterator
from typing import cast

_LONGEST = 300


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error itself, or in place of a group all that it holds."""
    if isinstance(error, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from causes(inner)
    else:
        yield error


def reason(error: BaseException) -> str:
    """Return an error's own words on one line, its kind where it has none, cut where they are many."""
    first = next(causes(error))
    words = " ".join(str(first).split()) or type(first).__name__
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
