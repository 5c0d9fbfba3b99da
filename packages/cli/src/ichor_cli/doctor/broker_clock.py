"""The clock of the broker's machine, which only its management API tells."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ichor_service import environment, reason

from ichor_cli.doctor.clock import clock_finding
from ichor_cli.doctor.finding import Finding, doubtful, skipped

CLOCK = "clock.broker"
_ADDRESS = "ICHOR_RABBITMQ_MANAGEMENT_URL"


async def examine_broker_clock(seconds: float, now: Callable[[], datetime]) -> Sequence[Finding]:
    """Compare the clocks, where we are told who knows the broker's."""
    address = environment().get(_ADDRESS)
    if not address:
        return [skipped(CLOCK, f"{_ADDRESS} is not set, so the broker's clock is not known.")]
    before = now()
    try:
        theirs = await asyncio.to_thread(_date, address, seconds)
    except (OSError, ValueError) as error:
        mend = f"Correct {_ADDRESS}, or unset it."
        return [doubtful(CLOCK, f"The management API does not tell its time: {reason(error).rstrip('.')}.", mend)]
    return [clock_finding(CLOCK, "the broker", theirs, before, now())]


def _date(address: str, seconds: float) -> datetime:
    """Ask for nothing in particular: every answer has the time, also one that refuses us."""
    parts = urlsplit(address)
    request = Request(f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}/api/", method="HEAD")
    try:
        with urlopen(request, timeout=seconds) as answer:
            return parsedate_to_datetime(answer.headers["Date"])
    except HTTPError as refusal:
        return parsedate_to_datetime(refusal.headers["Date"])
