"""Work that is done again and again, as long as Temporal and the database answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

import structlog
from ichor_service import Stop, Stopped, Unreachable, outages, reach, reason

from ichor_trigger.links import Links

_AT_ONCE = 10
_log = structlog.stdlib.get_logger(__name__)


class Rounds:
    """Does `work` every `period` seconds; an outage is waited for, a round that failed is said once and done again."""

    def __init__(self, part: str, links: Links, work: Callable[[], Coroutine[Any, Any, None]], period: float) -> None:
        self._part = part
        self._links = links
        self._work = work
        self._period = period
        self._trouble: str | None = "no round has ended yet"

    async def run(self, stop: Stop) -> None:
        """Go on until told to stop; what is under way then is cut off, and anybody may do it again."""
        with suppress(Stopped):
            while True:
                await reach("Temporal", self._links.temporal.connect, stop)
                await reach("PostgreSQL", self._links.store.connect, stop)
                await self._round(stop)
                await stop.sleep(self._period)

    async def probe(self) -> None:
        """Raise where the last round failed, or none has ended."""
        if self._trouble is not None:
            raise Unreachable(self._trouble)

    async def _round(self, stop: Stop) -> None:
        try:
            with outages():
                await stop.interrupt(self._work())
        except Stopped:
            raise
        except Exception as error:
            if self._trouble != reason(error):
                _log.error("the round failed, it is done again", part=self._part, reason=reason(error))
            self._trouble = reason(error)
        else:
            self._trouble = None


async def each[T](items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do the same for all items, some at once; where that fails for any, raise after all had their turn."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(item: T) -> None:
        async with gate:
            await work(item)

    outcomes = await asyncio.gather(*map(one, items), return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if failures:
        raise next((failure for failure in failures if isinstance(failure, Unreachable)), failures[0])
