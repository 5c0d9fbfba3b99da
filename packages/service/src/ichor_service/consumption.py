"""Consuming a queue on one connection, from its beginning to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from ichor_service.errors import Stopped, Unreachable, Unusable
from ichor_service.letter import Letter
from ichor_service.race import cancel
from ichor_service.reach import growing_pauses
from ichor_service.reason import reason
from ichor_service.stop import Stop
from ichor_service.topology import Topology

type Handle = Callable[[Letter], Awaitable[None]]
"""Returns when all that a message asks for is durable; raises Unusable or Unreachable as `inbox` says."""

UNEXPECTED = "unexpected_error"
INVALID_PROPERTIES = "invalid_properties"
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InboxOptions:
    """`prefetch` bounds what is under way at once, `tries` what is done about an unexpected error; times in seconds."""

    prefetch: int = 50
    tries: int = 5
    longest_try: float = 60.0
    longest_hold: float = 600.0


class Consumption:
    """Takes messages until told to stop, or until they had to wait so long that they are handed back."""

    def __init__(self, topology: Topology, handle: Handle, options: InboxOptions, stop: Stop) -> None:
        self._topology = topology
        self._handle = handle
        self._options = options
        self._stop = stop
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.begun = False
        self.trouble: str | None = None

    async def run(self, queue: AbstractQueue, publisher: AbstractChannel) -> None:
        """Consume; what is not settled in the end goes back to the queue with the connection."""

        async def take(message: AbstractIncomingMessage) -> None:
            self._take(Letter(message), publisher)

        tag = await queue.consume(take)
        self.begun = True
        try:
            await self._stop.interrupt(self._over.wait())
        except Stopped:
            await queue.cancel(tag)
            await self._drain()
            raise
        finally:
            await cancel(*self._tasks)

    def _take(self, letter: Letter, publisher: AbstractChannel) -> None:
        task = asyncio.create_task(self._deal_with(letter, publisher))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._stop.time_to_finish.total_seconds())

    async def _deal_with(self, letter: Letter, publisher: AbstractChannel) -> None:
        try:
            if letter.came_often:
                await letter.renew(publisher, self._topology.queue)
            else:
                await self._settle(letter, publisher)
        except Stopped:
            _log.info("handed back", message_id=letter.message_id)
        except Exception as error:
            _log.warning("a message could not be settled", message_id=letter.message_id, reason=reason(error))
            self._over.set()

    async def _settle(self, letter: Letter, publisher: AbstractChannel) -> None:
        try:
            await self._handled(letter)
        except Unusable as error:
            _log.warning("dead letter", message_id=letter.message_id, code=error.code, detail=str(error))
            await letter.bury(publisher, self._topology.dead, error.code, str(error))
        else:
            await letter.accept()

    async def _handled(self, letter: Letter) -> None:
        """Return once the handler did its work, however long a server is away."""
        if letter.unreadable is not None:
            raise Unusable(INVALID_PROPERTIES, f"The message's properties cannot be read: {letter.unreadable}.")
        began, failures = asyncio.get_running_loop().time(), 0
        for pause in growing_pauses():
            try:
                return await self._try(letter)
            except Unreachable as error:
                self._hold(error, asyncio.get_running_loop().time() - began)
            except Unusable:
                raise
            except Exception as error:
                failures += 1
                self._complain(error, failures)
            await self._stop.sleep(pause)

    async def _try(self, letter: Letter) -> None:
        try:
            async with asyncio.timeout(self._options.longest_try):
                await self._handle(letter)
        except TimeoutError:
            raise Unreachable("it takes too long") from None
        if self.trouble is not None:
            _log.info("messages are worked on again", queue=self._topology.queue)
            self.trouble = None

    def _hold(self, error: Unreachable, held: float) -> None:
        if held > self._options.longest_hold:
            raise error
        if self.trouble != reason(error):
            self.trouble = reason(error)
            _log.warning("messages wait", queue=self._topology.queue, reason=self.trouble)

    def _complain(self, error: Exception, failures: int) -> None:
        _log.error("an unexpected error", failures=failures, exc_info=error)
        if failures >= self._options.tries:
            raise Unusable(UNEXPECTED, f"{type(error).__name__}: {reason(error)}") from error
