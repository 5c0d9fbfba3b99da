"""How much waits in queues, as RabbitMQ says it."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from ichor_service.broker import Broker
from ichor_service.topology import Topology

_CLOSE_SECONDS = 5.0


class QueueLengths:
    """Asks for the queues of a topology, over a connection that is kept; a queue that is not there is left out."""

    def __init__(self, broker: Broker, topology: Topology) -> None:
        self._broker = broker
        self._queues = topology.queues
        self._connection: AbstractConnection | None = None

    async def measure(self) -> Iterable[Metric]:
        """Return the lengths; any error means that the broker is away."""
        lengths = GaugeMetricFamily("ichor_queue_messages", "Messages that nobody has taken yet", labels=["queue"])
        try:
            if self._connection is None or self._connection.is_closed:
                self._connection = await self._broker.connect()
            for queue in self._queues:
                if (length := await _length(self._connection, queue)) is not None:
                    lengths.add_metric([queue], length)
        except BaseException:
            await self.close()
            raise
        return [lengths]

    async def close(self) -> None:
        """Close the connection, if one is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await asyncio.wait_for(connection.close(), _CLOSE_SECONDS)


async def _length(connection: AbstractConnection, queue: str) -> int | None:
    async with connection.channel() as channel:
        try:
            return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count
        except ChannelNotFoundEntity:
            return None
