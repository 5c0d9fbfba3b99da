"""What our user of RabbitMQ may do, asked by requests that RabbitMQ refuses either way.

It looks at the right first and at the request afterwards: who lacks the right is refused access, who has it is told
that a precondition failed. So nothing is published and nothing consumed. What is not there cannot be asked about.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused
from ichor_service import EVENTS, QUORUM, REPLIES, REQUESTS, declare_exchange

type Attempt = Callable[[AbstractChannel], Awaitable[object]]

_DEFAULT = "the default exchange (amq.default)"
_QUEUES = (*EVENTS.queues, *REPLIES.queues)
_EXCHANGES = (EVENTS.exchange, REQUESTS)


async def lacking_broker_rights(connection: AbstractConnection) -> Sequence[tuple[str, str]]:
    """Return what we may not do, each as the right and the name of the exchange or queue."""
    return [(right, name) for right, name, attempt in _attempts() if await _is_refused(connection, name, attempt)]


def _attempts() -> Iterator[tuple[str, str, Attempt]]:
    for name in _QUEUES:
        yield "configure", name, lambda channel, name=name: _declare_queue(channel, name)
        yield "read from", name, lambda channel, name=name: _consume(channel, name)
    for name in _EXCHANGES:
        yield "configure", name, lambda channel, name=name: declare_exchange(channel, name)
        yield "write to", name, lambda channel, name=name: _publish(channel, name)
    yield "write to", _DEFAULT, lambda channel: _publish(channel, "")


async def _is_refused(connection: AbstractConnection, name: str, attempt: Attempt) -> bool:
    if not await _is_there(connection, name):
        return False
    async with connection.channel() as channel:
        try:
            await attempt(channel)
        except ChannelAccessRefused:
            return True
        except ChannelPreconditionFailed:
            return False
    return False


async def _is_there(connection: AbstractConnection, name: str) -> bool:
    async with connection.channel() as channel:
        try:
            if name in _QUEUES:
                await channel.declare_queue(name, passive=True)
            elif name in _EXCHANGES:
                await channel.get_exchange(name, ensure=True)
        except ChannelNotFoundEntity:
            return False
    return True


async def _declare_queue(channel: AbstractChannel, name: str) -> None:
    await channel.declare_queue(name, durable=True, arguments=dict(QUORUM))


async def _publish(channel: AbstractChannel, exchange: str) -> None:
    """Publish what is no message for its time of life; no queue is named so, either."""
    target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
    await target.publish(Message(b"", expiration=-1), "ichor.doctor")


async def _consume(channel: AbstractChannel, name: str) -> None:
    """Ask to consume with a priority that is no number."""
    queue = await channel.get_queue(name, ensure=False)
    await queue.consume(_never, arguments={"x-priority": "none"})


async def _never(_: AbstractIncomingMessage) -> None:
    raise AssertionError("no message is delivered to a consumer that was refused")
