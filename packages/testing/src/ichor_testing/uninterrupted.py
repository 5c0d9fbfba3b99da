"""Work that is brought to its end also where whoever waits for it is told to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def uninterrupted[T](work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; a cancellation is raised when it has ended, so that its traces can be removed."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
