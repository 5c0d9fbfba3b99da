"""Trying until a server answers."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import structlog

from ichor_service.errors import ServiceError, Stopped, Unreachable
from ichor_service.reason import reason
from ichor_service.stop import Stop

_FIRST = 0.2
_LONGEST = 5.0
_ATTEMPT = 10.0
_log = structlog.stdlib.get_logger(__name__)
_said: dict[str, str] = {}
"""Why a server is missing, as the log has it: several parts of a program may wait for the same one."""


def growing_pauses(first: float = _FIRST, longest: float = _LONGEST) -> Iterator[float]:
    """Yield seconds that double up to `longest`, each a little shorter by chance, so that programs spread out."""
    pause = first
    while True:
        yield pause * random.uniform(0.8, 1.0)
        pause = min(pause * 2, longest)


async def reach[T](what: str, attempt: Callable[[], Awaitable[T]], stop: Stop) -> T:
    """Return what `attempt` returns once it succeeds.

    Says once that a server is missing, again only where the reason changes, and once that it is there, however many
    wait for it.

    Raises:
        Stopped: the program was asked to stop first.
        ServiceError: what `attempt` raised, where trying again cannot help.
    """
    try:
        found = await _reach(what, attempt, stop)
    except BaseException:
        _said.pop(what, None)
        raise
    if _said.pop(what, None) is not None:
        _log.info("reachable", server=what)
    return found


async def _reach[T](what: str, attempt: Callable[[], Awaitable[T]], stop: Stop) -> T:
    for pause in growing_pauses():
        try:
            return await stop.interrupt(_bounded(attempt))
        except Unreachable as error:
            _say_once(what, reason(error))
        except ServiceError:
            raise
        except Exception as error:
            _say_once(what, reason(error))
        await stop.sleep(pause)
    raise AssertionError("the pauses never end")


async def _bounded[T](attempt: Callable[[], Awaitable[T]]) -> T:
    try:
        async with asyncio.timeout(_ATTEMPT):
            return await attempt()
    except TimeoutError:
        raise Unreachable("no answer in time") from None


def _say_once(what: str, why: str) -> None:
    if _said.get(what) != why:
        _log.warning("not reachable, trying again", server=what, reason=why)
    _said[what] = why


async def again_and_again(attempt: Callable[[], Awaitable[bool]], stop: Stop) -> None:
    """Do something that ends with a lost connection again and again, after growing pauses, until told to stop.

    `attempt` says whether it came to working; then the pauses begin anew.
    """
    pauses = growing_pauses()
    with suppress(Stopped):
        while True:
            if await attempt():
                pauses = growing_pauses()
            await stop.sleep(next(pauses))
