"""Trying until a server answers."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

import structlog

from ichor_service.errors import ServiceError, Unreachable
from ichor_service.reason import reason
from ichor_service.stop import Stop

_FIRST = 0.2
_LONGEST = 5.0
_ATTEMPT = 10.0
_log = structlog.stdlib.get_logger(__name__)


def growing_pauses(first: float = _FIRST, longest: float = _LONGEST) -> Iterator[float]:
    """Yield seconds that double up to `longest`, each a little shorter by chance, so that programs spread out."""
    pause = first
    while True:
        yield pause * random.uniform(0.8, 1.0)
        pause = min(pause * 2, longest)


async def reach[T](what: str, attempt: Callable[[], Awaitable[T]], stop: Stop) -> T:
    """Return what `attempt` returns once it succeeds.

    Says once that a server is missing, again only where the reason changes, and once that it is there.

    Raises:
        Stopped: the program was asked to stop first.
        ServiceError: what `attempt` raised, where trying again cannot help.
    """
    said: str | None = None
    for pause in growing_pauses():
        try:
            found = await stop.interrupt(_bounded(attempt))
        except Unreachable as error:
            said = _say_once(what, reason(error), said)
        except ServiceError:
            raise
        except Exception as error:
            said = _say_once(what, reason(error), said)
        else:
            if said is not None:
                _log.info("reachable", server=what)
            return found
        await stop.sleep(pause)
    raise AssertionError("the pauses never end")


async def _bounded[T](attempt: Callable[[], Awaitable[T]]) -> T:
    try:
        async with asyncio.timeout(_ATTEMPT):
            return await attempt()
    except TimeoutError:
        raise Unreachable("no answer in time") from None


def _say_once(what: str, why: str, said: str | None) -> str:
    if why != said:
        _log.warning("not reachable, trying again", server=what, reason=why)
    return why
