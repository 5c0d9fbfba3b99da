"""A word from the database that there is something to do: PostgreSQL's NOTIFY.

It may be missed, behind a pooler or over a connection that died unseen; so who waits for it waits for a while only.
"""

import asyncio
from contextlib import suppress

from ichor_edgestore.errors import StoreUnavailable


class Signal:
    """What was heard on one connection."""

    def __init__(self) -> None:
        self._heard = asyncio.Event()
        self._ended = False

    def hear(self, *_: object) -> None:
        """Note that something came."""
        self._heard.set()

    def end(self, *_: object) -> None:
        """Note that nothing will come any more."""
        self._ended = True
        self._heard.set()

    async def wait(self, seconds: float) -> None:
        """Return where something came since the last time, when it comes, or after so many seconds.

        Raises:
            StoreUnavailable: the connection ended, so that nothing can be heard.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        self._heard.clear()
        if self._ended:
            raise StoreUnavailable("The database closed the connection that listens for new events.")
