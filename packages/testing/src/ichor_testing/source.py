"""Where a server comes from, and the order in which that is tried."""

import os
from enum import StrEnum

FORCE_VARIABLE = "ICHOR_TESTING_SERVERS"


class Source(StrEnum):
    """Where a server comes from."""

    ENV = "env"
    DOCKER = "docker"
    LOCAL = "local"


def candidates(forced: Source | None) -> tuple[Source, ...]:
    """Return the sources to try, in order; `forced` or the variable ICHOR_TESTING_SERVERS leaves one."""
    chosen = forced or _from_environment()
    return (chosen,) if chosen else tuple(Source)


def _from_environment() -> Source | None:
    value = os.environ.get(FORCE_VARIABLE, "")
    if not value:
        return None
    try:
        return Source(value)
    except ValueError:
        raise ValueError(f"{FORCE_VARIABLE} is {value!r}: it must be one of {', '.join(Source)}") from None
