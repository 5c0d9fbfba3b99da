"""Consuming a queue on one connection, from its beginning to its end."""

import asyncio

import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from ichor_service.errors import Stopped
from ichor_service.inbox_metrics import QueueMetrics
from ichor_service.letter import Letter
from ichor_service.race import cancel
from ichor_service.reason import reason
from ichor_service.settling import Settling
from ichor_service.stop import Stop

_log = structlog.stdlib.get_logger(__name__)


class Consumption:
    """Takes messages until told to stop, or until they had to wait so long that they are handed back."""

    def __init__(self, settling: Settling, metrics: QueueMetrics, stop: Stop) -> None:
        self._settling = settling
        self._metrics = metrics
        self._stop = stop
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.begun = False

    @property
    def trouble(self) -> str | None:
        """Return why messages are held, if they are."""
        return self._settling.trouble

    async def run(self, queue: AbstractQueue) -> None:
        """Consume; what is not settled in the end goes back to the queue with the connection."""
        self._metrics.begin()
        tag = await queue.consume(self._take)
        self.begun = True
        try:
            await self._stop.interrupt(self._over.wait())
        except Stopped:
            await queue.cancel(tag)
            await self._drain()
            raise
        finally:
            await cancel(*self._tasks)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.create_task(self._deal_with(Letter(message)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._stop.time_to_finish.total_seconds())

    async def _deal_with(self, letter: Letter) -> None:
        try:
            with self._metrics.in_flight(letter):
                await self._settling.settle(letter)
        except Stopped:
            _log.info("handed back", message_id=letter.message_id)
        except Exception as error:
            _log.warning("a message could not be settled", message_id=letter.message_id, reason=reason(error))
            self._over.set()
