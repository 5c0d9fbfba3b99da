"""The connection to RabbitMQ that a program holds."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import InvalidFrameError, ProbableAuthenticationError
from pydantic import SecretStr

from ichor_service.errors import Refused, Unreachable
from ichor_service.message_properties import tolerate_any_properties
from ichor_service.race import unless
from ichor_service.reach import reach
from ichor_service.reason import reason
from ichor_service.stop import Stop

_ALWAYS_THERE = "amq.topic"
_CONNECT_SECONDS = 5.0
_HEARTBEAT_SECONDS = 10
_log = structlog.stdlib.get_logger(__name__)


class Broker:
    """One connection at a time; who works with it asks for the next one when it is lost."""

    def __init__(self, url: SecretStr, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None

    def beside(self, purpose: str) -> "Broker":
        """Return one for another connection to the same RabbitMQ, which shows there what it is for."""
        return Broker(self._url, f"{self._name} {purpose}")

    @asynccontextmanager
    async def connection(self, stop: Stop) -> "AsyncGenerator[BrokerConnection]":
        """Yield a new connection as soon as there is one, and close it in the end.

        Raises:
            Stopped: the program was asked to stop first.
        """
        connection = await reach("RabbitMQ", self.connect, stop)
        try:
            self._channel = await connection.channel()
            self._connection = connection
            yield BrokerConnection(connection)
        finally:
            self._connection = self._channel = None
            with suppress(Exception):
                await asyncio.wait_for(connection.close(), _CONNECT_SECONDS)

    async def probe(self) -> None:
        """Raise where the broker does not answer on the connection that is in use."""
        if self._connection is None or self._channel is None:
            raise Unreachable("not connected")
        if self._channel.is_closed:
            self._channel = await self._connection.channel()
        await self._channel.get_exchange(_ALWAYS_THERE, ensure=True)

    async def connect(self) -> AbstractConnection:
        """Open a connection, which the caller closes.

        Raises:
            Refused: the user, the password or the vhost is refused.
        """
        tolerate_any_properties()
        url = self._url.get_secret_value()
        try:
            return await aio_pika.connect(
                url,
                timeout=_CONNECT_SECONDS,
                heartbeat=_HEARTBEAT_SECONDS,
                client_properties={"connection_name": self._name},
            )
        except ProbableAuthenticationError as error:
            mend = "Correct user and password in ICHOR_RABBITMQ_URL, or `rabbitmqctl change_password USER PASSWORD`."
            raise Refused(f"the user or the password is refused: {reason(error)}", mend) from error
        except InvalidFrameError as error:
            # The client tells no reason, only the address of the frame in memory, each time another one.
            if "Connection.OpenOk" not in str(error):
                raise
            vhost = unquote(urlsplit(url).path[1:]) or "/"
            raise Refused(
                f"the vhost {vhost!r} is refused: it is not there, or full, or this user may not use it",
                "Correct the vhost in ICHOR_RABBITMQ_URL, or `rabbitmqctl add_vhost VHOST`; then `rabbitmqctl "
                "set_permissions -p VHOST USER C W R`.",
            ) from error


class BrokerConnection:
    """A live connection, with the word of its end."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watch(connection)

    async def channel(self, *, returns_raise: bool = False) -> AbstractChannel:
        """Return a channel whose publishes are confirmed; its end, or a consumer's, counts as the connection's."""
        channel = await self._connection.channel(on_return_raises=returns_raise)
        self._watch(channel)
        # The broker ends a consumer where its queue was deleted, and says nothing more.
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(self._ended)
        return channel

    async def during[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns; cancel it where the connection or one of its channels is gone.

        Raises:
            Unreachable: the connection is gone.
        """
        return await unless(work, self._gone(), Unreachable("the connection was lost"))

    async def _gone(self) -> None:
        await asyncio.shield(self._lost)

    def _watch(self, part: AbstractConnection | AbstractChannel) -> None:
        part.close_callbacks.add(self._ended)

    def _ended(self, _: object, error: BaseException | None = None) -> None:
        if not self._lost.done():
            _log.debug("connection to RabbitMQ ended", reason=repr(error))
            self._lost.set_result(None)
