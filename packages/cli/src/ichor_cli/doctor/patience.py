"""Checks that are bounded in time, and whose errors are findings."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence

from ichor_service import reason

from ichor_cli.doctor.finding import Finding, broken

type Check = Awaitable[Iterable[Finding]]


async def tried(name: str, check: Check, seconds: float, mend: str) -> Sequence[Finding]:
    """Return what a check finds; where it fails itself, that is what was found, with `mend`."""
    try:
        async with asyncio.timeout(seconds):
            return [*await check]
    except TimeoutError:
        return [broken(name, f"No answer within {seconds:g} s.", mend)]
    except Exception as error:
        return [broken(name, f"{reason(error).rstrip('.')}.", mend)]
