"""The dead letters of a queue: looked at without using them up, put back where they came from, or deleted.

Whoever takes a message of a quorum queue and hands it back adds to its count of deliveries, and RabbitMQ 4 drops it
after 20. So a letter that was looked at often is put in afresh (`Letter.renew`), long before that.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue

from ichor_service.letter import Letter
from ichor_service.topology import Topology

_SECONDS = 10.0


class DeadLetters:
    """The letters that were dead when this was opened: `count` of them, less those that somebody else holds."""

    def __init__(self, queue: AbstractQueue, publisher: AbstractChannel, topology: Topology) -> None:
        self._queue = queue
        self._publisher = publisher
        self._topology = topology
        self.count = queue.declaration_result.message_count or 0

    async def letters(self, limit: int | None = None) -> AsyncGenerator[Letter]:
        """Yield each letter once, up to so many; go on to the end, since a letter is looked after when it was seen."""
        for _ in range(self.count if limit is None else min(limit, self.count)):
            message = await self._queue.get(fail=False, timeout=_SECONDS)
            if message is None:
                return
            letter = Letter(message)
            yield letter
            if letter.came_often and not message.processed:
                async with asyncio.timeout(_SECONDS):
                    await letter.renew(self._publisher, self._topology.dead)

    async def resend(self, letter: Letter) -> None:
        """Put a letter back; it leaves the dead ones when the broker has confirmed that."""
        async with asyncio.timeout(_SECONDS):
            await letter.resend(self._publisher, self._topology.queue)

    async def remove(self, letter: Letter) -> None:
        """Delete a letter for good."""
        await letter.accept()


@asynccontextmanager
async def dead_letters(connection: AbstractConnection, topology: Topology) -> AsyncGenerator[DeadLetters]:
    """Yield the dead letters; what was not sent again or removed is back in its queue after the block.

    Raises:
        Unavailable: a queue of that name exists and is of another kind.
    """
    publisher = await connection.channel(on_return_raises=True)
    await topology.declare(publisher)
    reader = await connection.channel()
    try:
        queue = await reader.declare_queue(topology.dead, passive=True)
        yield DeadLetters(queue, publisher, topology)
    finally:
        await reader.close()
