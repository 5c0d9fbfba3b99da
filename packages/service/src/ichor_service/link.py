"""Something that a program connects to: opened once, asked again and again whether it is there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from ichor_service.errors import NotConnected


class Link[T]:
    """Opens with `connect`, which returns what comes back by itself after an outage; `ask` raises while it is away.

    As a context manager it closes what was opened, if anything was.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[T]],
        ask: Callable[[T], Awaitable[None]],
        close: Callable[[T], Awaitable[None]] | None = None,
    ) -> None:
        self._connect = connect
        self._ask = ask
        self._close = close
        self._opened: T | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._opened is not None and self._close is not None:
            await self._close(self._opened)

    @property
    def opened(self) -> T:
        """Return what was opened.

        Raises:
            NotConnected: nothing was, yet.
        """
        if self._opened is None:
            raise NotConnected("not connected yet")
        return self._opened

    async def connect(self) -> T:
        """Return what answers at the other end; any error means that nothing does. Parts may ask side by side."""
        async with self._opening:
            if self._opened is None:
                self._opened = await self._connect()
        await self._ask(self._opened)
        return self._opened

    async def probe(self) -> None:
        """Raise where the other end does not answer now."""
        await self._ask(self.opened)
