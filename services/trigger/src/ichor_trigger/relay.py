"""The part `relay`: publishes the events that transactions left in the outbox.

| what happens | what becomes of an event |
|---|---|
| the broker confirms it | it is deleted |
| the broker refuses it | tried again with growing pauses, while the entity's later events wait; in the end it is |
| | `failed`, which the log says, and they go on |
| it is larger than the broker takes | the same; those beside it come over another channel |
| the broker or the database is away | it waits; no attempt is counted |
| the relay, or a connection, dies after publishing | it is published again under the same id, before the later ones |

So each entity's events reach the exchange in their order, each at least once, and once in effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog
from aio_pika.abc import AbstractChannel
from ichor_edgestore import EdgeStore, OutboxEvent, Refusal, SchemaMissing, Signal
from ichor_service import (
    EVENTS,
    Broker,
    BrokerConnection,
    Link,
    Part,
    Stop,
    Stopped,
    Unavailable,
    Unreachable,
    again_and_again,
    reach,
    reason,
    variable,
)

from ichor_trigger.delivery import Delivery, Patience
from ichor_trigger.links import Links

_LEGACY_POLL = 0.5
"""Nobody tells of new events in the outbox of an existing Ichor."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """`entities` and `events` bound a batch; `poll` is how long no word of new events is trusted, in seconds.

    `legacy` says that the outbox of an existing Ichor is emptied into ours, too.
    """

    largest: int
    entities: int = 100
    events: int = 500
    poll: float = 5.0
    contended: float = 0.05
    legacy: bool = False
    late: timedelta = timedelta(minutes=1)
    patience: Patience = field(default_factory=Patience)


def relay(links: Links) -> Part:
    """Return the part."""
    settings = links.settings
    options = RelayOptions(largest=settings.max_event_bytes)
    if settings.legacy_outbox:
        options = replace(options, legacy=True, poll=_LEGACY_POLL)
    made = Relay(links.broker("relay"), links.store, options)
    return Part(made.run, {"database": links.store.probe, "relay": made.probe})


class Relay:
    """One relay; any number of them may work side by side."""

    def __init__(self, broker: Broker, store: Link[EdgeStore], options: RelayOptions) -> None:
        self._broker = broker
        self._store = store
        self._options = options
        self._trouble: str | None = "it has not begun yet"

    async def probe(self) -> None:
        """Raise where events wait because the relay cannot work."""
        if self._trouble is not None:
            raise Unreachable(f"events are not relayed: {self._trouble}")
        await self._broker.probe()

    async def run(self, stop: Stop) -> None:
        """Relay until told to stop, over any number of connections.

        Raises:
            Unavailable: what is there is not as it must be, and waiting does not mend it.
        """
        await again_and_again(lambda: self._one_connection(stop), stop)

    async def _one_connection(self, stop: Stop) -> bool:
        """Work for as long as the connections last; say whether events could be relayed."""
        try:
            async with self._broker.connection(stop) as connection:
                channel = await connection.channel(returns_raise=True)
                await reach("PostgreSQL", self._store.connect, stop)
                await self._require_legacy()
                async with self._store.opened.outbox.listening() as signal:
                    await connection.during(EVENTS.declare(channel))
                    await self._relay(connection, channel, signal, stop)
        except Stopped as error:
            self._trouble = reason(error)
            raise
        except Unavailable as error:
            self._note(reason(error))
            raise
        except Exception as error:
            worked = self._trouble is None
            self._note(reason(error))
            return worked
        return True

    async def _relay(self, connection: BrokerConnection, channel: AbstractChannel, signal: Signal, stop: Stop) -> None:
        while not stop.asked:
            if self._options.legacy:
                await self._adopt()
            pause = await self._batch(connection, channel, stop)
            self._note(None)
            if pause:
                await stop.interrupt(connection.during(signal.wait(pause)))

    async def _require_legacy(self) -> None:
        if self._options.legacy:
            try:
                await self._store.opened.legacy_outbox.require()
            except SchemaMissing as error:
                raise Unavailable(
                    f"{variable('legacy_outbox')} is on: {error} Unset it, or correct the address."
                ) from error

    async def _adopt(self) -> None:
        """Take over what waits in the outbox of an existing Ichor."""
        adoption = await self._store.opened.legacy_outbox.adopt()
        for id, why in adoption.dead.items():
            _log.error("legacy event not taken over", event_id=id, reason=why)
        if adoption.moved:
            _log.debug("legacy events taken over", events=adoption.moved)

    async def _batch(self, connection: BrokerConnection, channel: AbstractChannel, stop: Stop) -> float:
        """Relay what is due, and return for how long to wait for more, at most.

        Raises:
            Unreachable: the broker is away; what it confirmed before is settled.
        """
        options = self._options
        exchange = await channel.get_exchange(EVENTS.exchange, ensure=False)
        delivery = Delivery(exchange, options.patience, options.largest, stop)
        outbox = self._store.opened.outbox
        async with outbox.batch(entities=options.entities, events=options.events) as batch:
            try:
                await connection.during(delivery.run(batch.events))
            except Unreachable as error:
                delivery.trouble = delivery.trouble or error
            await batch.settle(delivery.published, delivery.refused)
        self._tell(batch.events, delivery)
        if delivery.trouble is not None:
            if delivery.refused:
                self._note(None)
            raise Unreachable(f"RabbitMQ: {reason(delivery.trouble)}") from delivery.trouble
        if delivery.refused:
            # Perhaps somebody removed the queue.
            await connection.during(EVENTS.declare(channel))
        return 0 if batch.events else options.contended if batch.contended else options.poll

    def _tell(self, events: Sequence[OutboxEvent], delivery: Delivery) -> None:
        for refusal in delivery.refused:
            _tell_refusal(refusal)
        oldest = max((event.age for event in events), default=timedelta(0))
        if oldest > self._options.late:
            _log.warning("events waited long", oldest_seconds=round(oldest.total_seconds()), events=len(events))
        _log.debug("events relayed", events=len(delivery.published))

    def _note(self, trouble: str | None) -> None:
        if trouble is not None and self._trouble is None:
            _log.warning("events are not relayed", reason=trouble)
        elif trouble is None and self._trouble is not None:
            _log.info("relaying", exchange=EVENTS.exchange)
        self._trouble = trouble


def _tell_refusal(refusal: Refusal) -> None:
    event, attempts = refusal.event, refusal.event.attempts + 1
    if refusal.pause is None:
        _log.error("event given up", event_id=event.event_id, attempts=attempts, reason=refusal.error)
    else:
        pause = refusal.pause.total_seconds()
        _log.warning("event refused", event_id=event.event_id, attempts=attempts, again_in=pause, reason=refusal.error)
