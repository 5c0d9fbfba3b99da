"""A server that the environment names by its address: it answers soon, or a sentence says what to do."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ichor_testing.deadline import until
from ichor_testing.errors import DeadlineExceeded, NobodyAnswers

_PATIENCE = 4.0
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Address:
    """What is expected at an address, and the variable that names it."""

    what: str
    variable: str
    text: str

    async def answering(self, answers: Callable[[], Awaitable[bool]]) -> None:
        """Return once the server answers.

        Raises:
            NobodyAnswers: it does not within a few seconds.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                await until(answers, f"an answer of {self.what}", seconds=_PATIENCE)
        except (DeadlineExceeded, TimeoutError):
            raise self.silent() from None

    async def listening(self, usual_port: int) -> None:
        """Return where something listens there; raises NobodyAnswers as `answering` does."""

        async def listens() -> bool:
            return await asyncio.to_thread(_listens, self.text, usual_port)

        await self.answering(listens)

    def silent(self) -> NobodyAnswers:
        """Return the error that says that nobody answers."""
        return NobodyAnswers(
            f"{self.what} does not answer at {without_password(self.text)}, the address in {self.variable}; "
            "start it, or unset the variable, and a server is started for you."
        )


def without_password(url: str) -> str:
    """Return an address as it may be shown."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://{tail}" if at and "://" in head else tail


def _listens(url: str, usual_port: int) -> bool:
    try:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname or "", parts.port or usual_port), _SECONDS):
            return True
    except (OSError, ValueError):
        return False
