"""A hand-written consumer of RabbitMQ that does for each event what a bare start does."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from fed_trigger import publish

_NAME = "bare.events"

type Start = Callable[[bytes], Awaitable[None]]


class BareConsumer:
    """Takes events from a durable quorum queue, starts a run for each and acknowledges it, in this process."""

    def __init__(self, exchange: AbstractExchange, start: Start, events: int) -> None:
        self._exchange = exchange
        self._start = start
        self._events = events
        self._left = 0
        self._all_done = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def bare(self) -> float:
        """Publish events, wait until each has started its run, and return how many a second."""
        self._left = self._events
        self._all_done.clear()
        return await publish(self._exchange, self._events, self._all_done.wait)

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Begin with one event."""
        task = asyncio.create_task(self._work(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, message: AbstractIncomingMessage) -> None:
        await self._start(message.body)
        await message.ack()
        self._left -= 1
        if not self._left:
            self._all_done.set()


@asynccontextmanager
async def bare_consumer(url: str, start: Start, events: int, at_once: int) -> AsyncGenerator[BareConsumer]:
    """Yield a consumer with a queue of its own, and a connection of its own to publish."""
    async with await aio_pika.connect(url) as sender, await aio_pika.connect(url) as receiver:
        channel = await receiver.channel()
        await channel.set_qos(prefetch_count=at_once)
        exchange = await channel.declare_exchange(_NAME, "topic", durable=True)
        queue = await channel.declare_queue(_NAME, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(exchange, "#")
        consumer = BareConsumer(await (await sender.channel()).get_exchange(_NAME), start, events)
        await queue.consume(consumer.take)
        yield consumer
