"""A queue that a program consumes, with the exchange that feeds it and the queue for what cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue
from aio_pika.exceptions import ChannelPreconditionFailed

from ichor_service.errors import Unavailable

QUORUM: Mapping[str, str] = {"x-queue-type": "quorum"}
"""The arguments of every queue of ours; whoever else declares one must use the same."""


@dataclass(frozen=True, slots=True)
class Topology:
    """The names; `exchange` is a durable topic exchange, all of whose messages `queue` gets.

    An empty name is the default exchange: the queue is written to by its own name. So that they keep no other waiting,
    messages of a kind that comes too fast move to one of the queues `behind`, and those that must be tried again to
    `retry`, if there is one.
    """

    exchange: str
    queue: str
    dead: str
    behind: tuple[str, ...] = ()
    retry: str = ""

    def of(self, queue: str) -> "Topology":
        """Return the same for one of the other queues that are worked on."""
        return Topology(exchange="", queue=queue, dead=self.dead, retry=self.retry)

    @property
    def queues(self) -> tuple[str, ...]:
        """Return the names of all its queues."""
        return tuple(dict.fromkeys(name for name in (self.queue, *self.behind, self.retry, self.dead) if name))

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        """Make what is missing and return the queue.

        Raises:
            Unavailable: something of that name exists and is of another kind.
        """
        try:
            declared = {name: await _declare_queue(channel, name) for name in self.queues}
            queue = declared[self.queue]
            if self.exchange:
                await queue.bind(await declare_exchange(channel, self.exchange), "#")
        except ChannelPreconditionFailed as error:
            exchange = f"a durable topic exchange {self.exchange} and, " if self.exchange else ""
            raise Unavailable(
                f"RabbitMQ has an exchange or queue of our name with other properties: {error}. Needed are "
                f"{exchange}with x-queue-type=quorum, durable queues {', '.join(self.queues)}; "
                "delete what differs once it is empty."
            ) from None
        return queue


async def _declare_queue(channel: AbstractChannel, name: str) -> AbstractQueue:
    return await channel.declare_queue(name, durable=True, arguments=dict(QUORUM))


async def declare_exchange(channel: AbstractChannel, name: str) -> AbstractExchange:
    """Make a durable topic exchange where it is missing."""
    return await channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)


SPURTS = "ichor.events.spurt"
"""The queue of an entity's events that are some more than the trigger takes as they come."""

BURSTS = "ichor.events.bulk"
"""The queue of those that are many more."""

RETRIES = "ichor.events.retry"
"""The queue of those that must be tried again."""

EVENTS = Topology(
    exchange="ichor.events",
    queue="ichor.events.trigger",
    dead="ichor.events.dead",
    behind=(SPURTS, BURSTS),
    retry=RETRIES,
)
"""Entity events on their way to the trigger."""

REPLIES = Topology(exchange="", queue="ichor.replies", dead="ichor.replies.dead")
"""Replies to questions, on their way to the runs that wait for them."""

REQUESTS = "ichor.requests"
"""The durable topic exchange that questions go to."""
