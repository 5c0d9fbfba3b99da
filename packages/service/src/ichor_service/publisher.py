"""Publishes messages so that none is lost: persistent, confirmed, and told where nobody listens."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractConnection, AbstractExchange
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


@dataclass(eq=False, slots=True)
class _Opened:
    """`has_refused` says that the broker closed it over a message that it never takes."""

    connection: AbstractConnection
    exchange: AbstractExchange
    has_refused: bool = False


class Publisher:
    """Publishes to one exchange, over a connection that is opened when it is needed, and again after it was lost.

    Over a message that it never takes the broker closes the channel of all, and does not say which it was: then each is
    published again over a connection of its own. `answers` is where the answers go: it is there before anything is
    published, so that none comes too early.
    """

    def __init__(self, broker: Broker, exchange: str, *, answers: Topology | None = None) -> None:
        self._broker = broker
        self._name = exchange
        self._answers = answers
        self._lock = asyncio.Lock()
        self._opened: _Opened | None = None

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

    async def _publish(self, message: Message, routing_key: str, *, alone: bool = False) -> None:
        opened: _Opened | None = None
        try:
            opened = await (self._connect() if alone else self._open())
            await opened.exchange.publish(message, routing_key, mandatory=True, timeout=_SECONDS)
        except PublishError as error:
            raise Unroutable(f"No queue is bound to {self._name} for the routing key {routing_key}.") from error
        except (AMQPError, DeliveryError, OSError, TimeoutError, RuntimeError, Unreachable) as error:
            is_refused = isinstance(error, ChannelPreconditionFailed)
            if is_refused and alone:
                raise Unsendable(f"RabbitMQ does not take it: {reason(error)}.") from error
            if opened is not None and (is_refused or opened.has_refused):
                opened.has_refused = True
                await self._drop(opened)
                return await self._publish(message, routing_key, alone=True)
            await self._drop(opened)
            raise Unreachable(f"RabbitMQ: {reason(error)}") from error
        finally:
            if alone:
                await self._drop(opened)

    async def close(self) -> None:
        """Close the connection, if one is open."""
        await self._drop(self._opened)

    async def _drop(self, opened: _Opened | None) -> None:
        """Close a connection, and no other that was opened since."""
        if opened is not None:
            if self._opened is opened:
                self._opened = None
            await _close(opened.connection)

    async def _open(self) -> _Opened:
        async with self._lock:
            if self._opened is None or self._opened.connection.is_closed:
                self._opened = await self._connect()
            return self._opened

    async def _connect(self) -> _Opened:
        connection = await self._broker.connect()
        try:
            return _Opened(connection, await self._prepare(connection))
        except BaseException:
            await _close(connection)
            raise

    async def _prepare(self, connection: AbstractConnection) -> AbstractExchange:
        channel = await connection.channel(on_return_raises=True)
        if self._answers is not None:
            await self._answers.declare(channel)
        return await declare_exchange(channel, self._name)


async def _close(connection: AbstractConnection) -> None:
    with suppress(Exception):
        await asyncio.wait_for(connection.close(), _SECONDS)
