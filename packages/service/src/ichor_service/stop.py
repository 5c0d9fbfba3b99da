"""Being asked to stop: SIGTERM or SIGINT once to stop in order, twice to end at once."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, NoReturn

import structlog

from ichor_service.errors import Stopped
from ichor_service.race import unless

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = structlog.stdlib.get_logger(__name__)


class Stop:
    """Whether the program was asked to stop, for everything in it that waits."""

    def __init__(self, grace: timedelta) -> None:
        self._grace = grace
        self._asked = asyncio.Event()

    @property
    def asked(self) -> bool:
        """Say whether it is time to stop."""
        return self._asked.is_set()

    @property
    def time_to_finish(self) -> timedelta:
        """Return how long what is under way may go on: the grace less what leaving takes."""
        return max(self._grace - timedelta(seconds=2), self._grace / 2)

    def listen(self) -> None:
        """Take over the signals of this process; after the grace it ends, whatever still hangs."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._signalled, number)

    def ask(self) -> None:
        """Ask the program to stop."""
        self._asked.set()

    async def wait(self) -> None:
        """Return when it is time to stop."""
        await self._asked.wait()

    async def sleep(self, seconds: float) -> None:
        """Wait that long.

        Raises:
            Stopped: the program was asked to stop before or meanwhile.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        if self.asked:
            raise Stopped("asked to stop")

    async def interrupt[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns; cancel it where the program is asked to stop.

        Raises:
            Stopped: the program was asked to stop first.
        """
        return await unless(work, self._asked.wait(), Stopped("asked to stop"))

    def _signalled(self, number: signal.Signals) -> None:
        if self.asked:
            leave(128 + number)
        _log.info("stopping", signal=number.name, grace_seconds=self._grace.total_seconds())
        self.ask()
        last_resort = threading.Timer(self._grace.total_seconds(), leave, [0])
        last_resort.daemon = True
        last_resort.start()


def leave(code: int) -> NoReturn:
    """End the process now: the Temporal SDK's threads outlive the interpreter and would crash it."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
