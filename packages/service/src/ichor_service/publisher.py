"""Publishes messages so that none is lost: persistent, confirmed, and told where nobody listens."""

import asyncio
from contextlib import suppress

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelPreconditionFailed, DeliveryError, PublishError
from ichor_models import CURRENT_TRACE, TRACEPARENT

from ichor_service.broker import Broker
from ichor_service.errors import ServiceError, Unreachable
from ichor_service.reason import reason
from ichor_service.topology import Topology, declare_exchange
from ichor_service.tracing import span

_SECONDS = 10.0


class Unroutable(ServiceError):
    """No queue is bound for a message's routing key."""


class Unsendable(ServiceError):
    """The broker never takes this message, as one that is larger than its `max_message_size`."""


class Publisher:
    """Publishes to one exchange, over a connection that is opened when it is needed, and again after it was lost.

    Each message has a channel of its own, since the broker closes that of a message which it never takes. `answers` is
    where the answers go: it is there before anything is published, so that none comes too early.
    """

    def __init__(self, broker: Broker, exchange: str, *, answers: Topology | None = None) -> None:
        self._broker = broker
        self._name = exchange
        self._answers = answers
        self._lock = asyncio.Lock()
        self._opened: AbstractConnection | None = None

    async def publish(self, message: Message, routing_key: str) -> None:
        """Return when the broker has the message safely.

        Raises:
            Unroutable: nobody listens.
            Unsendable: the broker never takes it.
            Unreachable: the broker is away, or did not take it; whether it has the message is not known.
        """
        message.delivery_mode = DeliveryMode.PERSISTENT
        facts = {
            "messaging.system": "rabbitmq",
            "messaging.destination.name": self._name,
            "messaging.rabbitmq.destination.routing_key": routing_key,
            "messaging.message.id": message.message_id,
        }
        with span(f"publish {self._name}", facts, kind="producer"):
            if (traced := CURRENT_TRACE.get()) is not None:
                message.headers[TRACEPARENT] = str(traced)
            await self._publish(message, routing_key)

    async def _publish(self, message: Message, routing_key: str) -> None:
        opened: AbstractConnection | None = None
        try:
            opened = await self._open()
            await self._send(opened, message, routing_key)
        except PublishError as error:
            raise Unroutable(f"No queue is bound to {self._name} for the routing key {routing_key}.") from error
        except (AMQPError, DeliveryError, OSError, TimeoutError, RuntimeError, Unreachable) as error:
            await self._drop(opened)
            raise Unreachable(f"RabbitMQ: {reason(error)}") from error

    async def _send(self, connection: AbstractConnection, message: Message, routing_key: str) -> None:
        channel = await asyncio.wait_for(connection.channel(on_return_raises=True), _SECONDS)
        try:
            exchange = await channel.get_exchange(self._name, ensure=False)
            await exchange.publish(message, routing_key, mandatory=True, timeout=_SECONDS)
        except ChannelPreconditionFailed as error:
            raise Unsendable(f"RabbitMQ never takes this message: {reason(error)}.") from error
        finally:
            await _close(channel)

    async def close(self) -> None:
        """Close the connection, if one is open."""
        await self._drop(self._opened)

    async def _drop(self, opened: AbstractConnection | None) -> None:
        """Close a connection, and no other that was opened since."""
        if opened is not None:
            if self._opened is opened:
                self._opened = None
            await _close(opened)

    async def _open(self) -> AbstractConnection:
        async with self._lock:
            if self._opened is None or self._opened.is_closed:
                connection = await self._broker.connect()
                try:
                    await self._prepare(connection)
                except BaseException:
                    await _close(connection)
                    raise
                self._opened = connection
            return self._opened

    async def _prepare(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        if self._answers is not None:
            await self._answers.declare(channel)
        await declare_exchange(channel, self._name)
        await _close(channel)


async def _close(opened: AbstractConnection | AbstractChannel) -> None:
    with suppress(Exception):
        await asyncio.wait_for(opened.close(), _SECONDS)
