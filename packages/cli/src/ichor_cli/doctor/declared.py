"""An exchange or a queue of RabbitMQ, as it is and beside what it must be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity, ChannelPreconditionFailed
from ichor_service import QUORUM, declare_exchange


class Kind(StrEnum):
    """How what is there compares with what is needed; UNKNOWN where we may not ask."""

    MISSING = "missing"
    DIFFERENT = "different"
    AS_NEEDED = "as needed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Declared:
    """`detail` is RabbitMQ's own word about a difference."""

    kind: Kind
    detail: str = ""
    messages: int = 0
    consumers: int = 0

    @property
    def exists(self) -> bool:
        """Say whether there is one of that name."""
        return self.kind is not Kind.MISSING


async def declared_queue(connection: AbstractConnection, name: str) -> Declared:
    """Look at a queue; where it is there, declaring it as needed changes nothing."""
    async with connection.channel() as channel:
        try:
            found = (await channel.declare_queue(name, passive=True)).declaration_result
        except ChannelNotFoundEntity:
            return Declared(Kind.MISSING)
    compared = await _compared(
        connection, lambda channel: channel.declare_queue(name, durable=True, arguments=dict(QUORUM))
    )
    return replace(compared, messages=found.message_count or 0, consumers=found.consumer_count or 0)


async def declared_exchange(connection: AbstractConnection, name: str) -> Declared:
    """Look at an exchange, which must be a durable topic exchange."""
    async with connection.channel() as channel:
        try:
            await channel.get_exchange(name, ensure=True)
        except ChannelNotFoundEntity:
            return Declared(Kind.MISSING)
    return await _compared(connection, lambda channel: declare_exchange(channel, name))


async def _compared(
    connection: AbstractConnection, declare: Callable[[AbstractChannel], Awaitable[object]]
) -> Declared:
    async with connection.channel() as channel:
        try:
            await declare(channel)
        except ChannelPreconditionFailed as error:
            return Declared(Kind.DIFFERENT, " ".join(str(error).split()).rstrip("."))
        except ChannelClosed:
            return Declared(Kind.UNKNOWN)
    return Declared(Kind.AS_NEEDED)
