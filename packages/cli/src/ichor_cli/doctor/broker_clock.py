"""The clock of the broker's machine, which only its management API tells."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
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
    mend = f"Correct {_ADDRESS}, or unset it."
    if (url := _api(address)) is None:
        return [doubtful(CLOCK, f"{_ADDRESS} is no address like http://user:password@host:port.", mend)]
    before = now()
    try:
        theirs = await asyncio.to_thread(_date, url, seconds)
    except (OSError, ValueError, HTTPException) as error:
        return [doubtful(CLOCK, f"The management API does not tell its time: {reason(error).rstrip('.')}.", mend)]
    return [clock_finding(CLOCK, "the broker", theirs, before, now())]


def _api(address: str) -> str | None:
    """Return the API's URL without user and password, None where the address cannot be read."""
    try:
        parts = urlsplit(address)
        port = parts.port or 15672
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.hostname}:{port}/api/" if parts.scheme in ("http", "https") else None


def _date(url: str, seconds: float) -> datetime:
    """Ask for nothing in particular: every answer has the time, also one that refuses us."""
    try:
        with urlopen(Request(url, method="HEAD"), timeout=seconds) as answer:
            return parsedate_to_datetime(answer.headers["Date"])
    except HTTPError as refusal:
        return parsedate_to_datetime(refusal.headers["Date"])
