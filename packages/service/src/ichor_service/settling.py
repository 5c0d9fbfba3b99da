"""What becomes of each message on one connection, as the table in `inbox` has it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aio_pika.abc import AbstractChannel

from ichor_service.errors import Busy, Crowded, Stopped, Unreachable, Unusable
from ichor_service.inbox_metrics import QueueMetrics
from ichor_service.letter import Letter
from ichor_service.reach import growing_pauses
from ichor_service.reason import reason
from ichor_service.stop import Stop
from ichor_service.topology import Topology
from ichor_service.tracing import span, tell_span

type Handle = Callable[[Letter], Awaitable[str]]
"""Returns when all that a message asks for is durable, and what was done in a word, of which there are few.

Raises Unusable, Crowded, Busy or Unreachable as `inbox` says.
"""

UNEXPECTED = "unexpected_error"
INVALID_PROPERTIES = "invalid_properties"
_UNCONFIRMED = "RabbitMQ does not confirm what is to move; it may lack memory, disk, or a majority of its nodes"
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InboxOptions:
    """`prefetch` bounds what is under way at once, `tries` what is done about an unexpected error; times in seconds.

    A message keeps its place for a pause before it is put behind the others of its queue: `pause` after an unexpected
    error, `busy_pause` where what it needs is in use, since that may go on for long. One that is not done within
    `longest_try` is put there, too; only while none is done it is held, up to `longest_hold`. What moves is held until
    RabbitMQ confirms it; where that takes `longest_confirm`, it is told.
    """

    prefetch: int = 50
    tries: int = 5
    pause: float = 0.5
    busy_pause: float = 2.0
    longest_try: float = 60.0
    longest_hold: float = 600.0
    longest_confirm: float = 10.0


class Settling:
    """Settles messages by what the handler does; `trouble` is why they are held."""

    def __init__(
        self,
        topology: Topology,
        handle: Handle,
        options: InboxOptions,
        metrics: QueueMetrics,
        publisher: AbstractChannel,
        stop: Stop,
    ) -> None:
        self._topology = topology
        self._handle = handle
        self._options = options
        self._metrics = metrics
        self._publisher = publisher
        self._stop = stop
        self._last_done = 0.0
        self.trouble: str | None = None

    async def settle(self, letter: Letter) -> None:
        """Return when a message is settled.

        Raises:
            Unreachable: it was held for too long.
            Stopped: it was held when the program was asked to stop.
        """
        if letter.came_often:
            return await self._publish(letter.renew(self._publisher, self._topology.queue, letter.failures))
        queue = self._topology.queue
        facts = {
            "messaging.system": "rabbitmq",
            "messaging.destination.name": queue,
            "messaging.message.id": letter.message_id,
        }
        with span(f"process {queue}", facts, kind="consumer", parent=letter.traced):
            await self._settle(letter)

    async def _settle(self, letter: Letter) -> None:
        began = _now()
        try:
            outcome = await self._handled(letter)
        except Unusable as error:
            await self._bury(letter, error)
        except Busy as error:
            _log.info("a message waits behind the others", message_id=letter.message_id, reason=reason(error))
            await self._put_back(letter, letter.failures, self._options.busy_pause)
        except Crowded as error:
            await self._move(letter, error.queue, letter.failures)
        except (Stopped, Unreachable):
            raise
        except Exception as error:
            await self._failed(letter, error)
        else:
            await letter.accept()
            self._metrics.done(outcome, _now() - began)
            tell_span({"ichor.outcome": outcome})

    async def _handled(self, letter: Letter) -> str:
        """Return what the handler did, however long the servers are away."""
        if letter.unreadable is not None:
            raise Unusable(INVALID_PROPERTIES, f"The message's properties cannot be read: {letter.unreadable}.")
        began = _now()
        for pause in growing_pauses():
            try:
                return await self._try(letter)
            except Busy:
                raise
            except Unreachable as error:
                self._hold(error, began)
            await self._stop.sleep(pause)
        raise AssertionError("the pauses never end")

    async def _try(self, letter: Letter) -> str:
        limit = asyncio.timeout(self._options.longest_try)
        try:
            async with limit:
                outcome = await self._handle(letter)
        except TimeoutError:
            if not limit.expired():
                raise
            raise Busy("it takes too long") from None
        self._last_done = _now()
        if self.trouble is not None:
            self._tell_no_more()
        return outcome

    async def _publish(self, publishing: Awaitable[None]) -> None:
        timer = asyncio.get_running_loop().call_later(self._options.longest_confirm, self._tell, _UNCONFIRMED)
        try:
            await publishing
        finally:
            timer.cancel()
        if self.trouble == _UNCONFIRMED:
            self._tell_no_more()

    def _tell(self, trouble: str) -> None:
        if self.trouble != trouble:
            self.trouble = trouble
            _log.warning("messages wait", queue=self._topology.queue, reason=trouble)

    def _tell_no_more(self) -> None:
        _log.info("messages are worked on again", queue=self._topology.queue)
        self.trouble = None

    def _hold(self, error: Unreachable, began: float) -> None:
        held = _now() - began
        if held > self._options.longest_hold:
            raise error
        if held > self._options.longest_try and self._last_done > began:
            raise Busy(f"others are done, but for it: {reason(error)}") from error
        self._tell(reason(error))

    async def _failed(self, letter: Letter, error: Exception) -> None:
        failures = letter.failures + 1
        if failures < self._options.tries:
            _log.warning("an unexpected error", message_id=letter.message_id, failures=failures, reason=reason(error))
            await self._put_back(letter, failures, self._options.pause)
        else:
            _log.error("an unexpected error", message_id=letter.message_id, failures=failures, exc_info=error)
            await self._bury(letter, Unusable(UNEXPECTED, f"{type(error).__name__}: {reason(error)}"))

    async def _put_back(self, letter: Letter, failures: int, pause: float) -> None:
        """Let a message try again behind all others, which must not starve for it.

        Many that keep their places for a pause would take all of them, so there may be another queue for that.
        """
        if (retry := self._topology.retry) not in ("", self._topology.queue):
            return await self._move(letter, retry, failures)
        await self._stop.sleep(pause)
        await self._publish(letter.renew(self._publisher, self._topology.queue, failures))
        self._metrics.retried()

    async def _move(self, letter: Letter, queue: str, failures: int) -> None:
        await self._publish(letter.renew(self._publisher, queue, failures))
        self._metrics.moved()

    async def _bury(self, letter: Letter, error: Unusable) -> None:
        _log.warning("dead letter", message_id=letter.message_id, code=error.code, detail=str(error))
        await self._publish(letter.bury(self._publisher, self._topology.dead, error.code, str(error)))
        self._metrics.died(error.code)
        tell_span({"ichor.outcome": "dead", "ichor.reason": error.code})


def _now() -> float:
    return asyncio.get_running_loop().time()
