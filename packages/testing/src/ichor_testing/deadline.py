"""Waiting for a real condition, never for a guess of how long it takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from ichor_testing.errors import DeadlineExceeded


async def until(
    condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float = 120.0, pause: float = 0.05
) -> None:
    """Poll `condition` until it is true; raises DeadlineExceeded naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise DeadlineExceeded(f"{what} did not happen within {seconds:g} s")
        await asyncio.sleep(pause)
