"""Work that something else may cut off."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def unless[T](work: Coroutine[Any, Any, T], end: Coroutine[Any, Any, object], error: Exception) -> T:
    """Return what `work` returns; where `end` comes first, cancel the work and raise `error`."""
    working, ending = asyncio.ensure_future(work), asyncio.ensure_future(end)
    try:
        await asyncio.wait((working, ending), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise error
    finally:
        await cancel(working, ending)


async def cancel(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until they have ended, however they do."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
