"""Consumes a queue so that nothing is lost: a message is settled only when what it asks for is durable.

| what the handler does | what becomes of the message |
|---|---|
| returns | acknowledged |
| raises Unusable | to the dead letters, with the code and the sentence |
| raises Crowded | moves to the queue that it names |
| raises Unreachable | held and tried again with growing pauses; after ten minutes all that is held is handed back, |
| | and nothing is consumed until the servers answer again |
| raises Busy, or takes a minute | moves to the queue of retries; there, or without one, to the end, after a pause |
| raises Unreachable for a minute, while others are done | the same |
| raises anything else | the same, a few times, then to the dead letters as `unexpected_error` |
| is cut off by a lost connection, a stop or a crash | delivered again by the broker |

What moves is published over a connection of its own: one over which something was published while RabbitMQ lacks memory
or disk is not read until that is over, so that nothing could be acknowledged over it.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from ichor_service.broker import Broker, BrokerConnection
from ichor_service.consumption import Consumption
from ichor_service.errors import Stopped, Unavailable, Unreachable
from ichor_service.inbox_metrics import InboxMetrics
from ichor_service.link import Link
from ichor_service.reach import again_and_again, reach
from ichor_service.reason import reason
from ichor_service.settling import Handle, InboxOptions, Settling
from ichor_service.stop import Stop
from ichor_service.topology import Topology

_log = structlog.stdlib.get_logger(__name__)


class Inbox:
    """One consumer of one queue; `links` are what the handler needs, and must answer before it consumes."""

    def __init__(
        self,
        broker: Broker,
        topology: Topology,
        handle: Handle,
        links: Mapping[str, Link[Any]],
        metrics: InboxMetrics,
        options: InboxOptions | None = None,
    ) -> None:
        self._broker = broker
        self._mover = broker.beside("moves")
        self._topology = topology
        self._handle = handle
        self._links = links
        self._options = options or InboxOptions()
        self._metrics = metrics.of(topology.queue)
        self._now: Consumption | None = None

    async def probe(self) -> None:
        """Raise where nothing is consumed, or messages are held because something is missing."""
        if self._now is None:
            raise Unreachable(f"{self._topology.queue} is not consumed now")
        if self._now.trouble is not None:
            raise Unreachable(f"messages wait: {self._now.trouble}")

    async def run(self, stop: Stop) -> None:
        """Consume until told to stop, over any number of connections.

        Raises:
            Unavailable: what is there is not as it must be, and waiting does not mend it.
        """
        await again_and_again(lambda: self._one_connection(stop), stop)

    async def _one_connection(self, stop: Stop) -> bool:
        """Work for as long as one connection lasts; say whether it came to consuming."""
        begun = False
        try:
            async with self._broker.connection(stop) as connection, self._mover.connection(stop) as moving:
                await connection.during(moving.during(self._consume(connection, moving, stop)))
        except (Stopped, Unavailable):
            raise
        except Exception as error:
            _log.warning("consuming was interrupted", queue=self._topology.queue, reason=reason(error))
        finally:
            begun, self._now = self._now is not None and self._now.begun, None
        return begun

    async def _consume(self, connection: BrokerConnection, moving: BrokerConnection, stop: Stop) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=self._options.prefetch)
        queue = await self._topology.declare(channel)
        publisher = await moving.channel(returns_raise=True)
        for name, link in self._links.items():
            await reach(name, link.connect, stop)
        settling = Settling(self._topology, self._handle, self._options, self._metrics, publisher, stop)
        self._now = Consumption(settling, self._metrics, stop)
        _log.info("consuming", queue=self._topology.queue)
        await self._now.run(queue)
