"""Publishing the events of one batch: those of one entity one after the other, entities side by side.

What could not be published ends an entity's turn, so that nothing overtakes it; what is given up does not.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aio_pika import Message
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import ChannelPreconditionFailed, DeliveryError
from ichor_edgestore import OutboxEvent, Refusal
from ichor_models import TRACEPARENT, Traceparent
from ichor_service import Stop, reason

_CONFIRM_SECONDS = 5.0
_LONGEST_SECONDS = 30.0
"""How long a batch may take; the database takes one back that is open for a minute."""
_SHORT_STRING = 255
"""How many bytes a routing key or a property of AMQP may have."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often an event is tried that the broker refuses, and how long the pauses are: each twice the one before."""

    attempts: int = 20
    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=5)

    def pause(self, refused: int) -> timedelta | None:
        """Return how long to wait after so many refusals, None where it is enough."""
        if refused >= self.attempts:
            return None
        return min(self.first * 2 ** min(refused - 1, 30), self.longest)


class Delivery:
    """One batch on its way: `trouble` is why it was broken off, with events left that nothing happened to."""

    def __init__(
        self,
        exchange: AbstractExchange,
        patience: Patience,
        largest: int,
        stop: Stop,
        longest: float = _LONGEST_SECONDS,
    ) -> None:
        self._exchange = exchange
        self._patience = patience
        self._largest = largest
        self._stop = stop
        self._end = asyncio.get_running_loop().time() + longest
        self.published: list[OutboxEvent] = []
        self.refused: list[Refusal] = []
        self.trouble: Exception | None = None
        self._under_way: dict[int, OutboxEvent] = {}

    async def run(self, events: Sequence[OutboxEvent]) -> None:
        """Publish as many as can be; a stop, or a broker that is slow or away, leaves the rest.

        Of each entity's events a slow broker gets the first at least, so that every batch comes further.
        """
        entities: defaultdict[str, list[OutboxEvent]] = defaultdict(list)
        for event in events:
            entities[event.entity_key].append(event)
        await asyncio.gather(*(self._one_by_one(of_entity) for of_entity in entities.values()))

    async def _one_by_one(self, events: Sequence[OutboxEvent]) -> None:
        for event in events:
            if self._stop.asked or self.trouble is not None or not await self._goes_on_after(event) or self._is_late():
                return

    def _is_late(self) -> bool:
        return asyncio.get_running_loop().time() > self._end

    async def _goes_on_after(self, event: OutboxEvent) -> bool:
        if unfit := self._unfit(event):
            self.refused.append(Refusal(event, unfit, None))
            return True
        self._under_way[event.seq] = event
        try:
            await self._publish(event)
        except DeliveryError as error:
            return self._refuse(event, _said(error)).pause is None
        except ChannelPreconditionFailed as error:
            self._refuse_largest(error)
            return False
        except Exception as error:
            self.trouble = error
            return False
        finally:
            self._under_way.pop(event.seq, None)
        self.published.append(event)
        return True

    def _refuse(self, event: OutboxEvent, why: str) -> Refusal:
        refusal = Refusal(event, f"RabbitMQ: {why}", self._patience.pause(event.attempts + 1))
        self.refused.append(refusal)
        return refusal

    def _refuse_largest(self, error: ChannelPreconditionFailed) -> None:
        """Note that the broker closed the channel: a message is too large, and if any is, then the largest."""
        if self._under_way:
            self._refuse(max(self._under_way.values(), key=lambda event: len(event.body)), reason(error))
            self._under_way.clear()
        self.trouble = error

    def _unfit(self, event: OutboxEvent) -> str | None:
        """Return why an event fits in no message, None where it does: who may write the table may write anything."""
        if len(event.body) > self._largest:
            return f"The event has {len(event.body)} bytes; ICHOR_MAX_EVENT_BYTES allows {self._largest}."
        for what, text in (("routing key", event.routing_key), ("event_id", event.event_id)):
            if (size := len(text.encode())) > _SHORT_STRING:
                return f"The event's {what} has {size} bytes; AMQP allows {_SHORT_STRING}."
        return None

    async def _publish(self, event: OutboxEvent) -> None:
        # Whoever emits an event writes it, so it may be anything, also larger than a frame of AMQP.
        traced = Traceparent.read(event.traceparent)
        message = Message(
            event.body,
            content_type="application/json",
            delivery_mode=2,
            message_id=event.event_id,
            timestamp=datetime.now(UTC) - event.age,
            headers={TRACEPARENT: str(traced)} if traced else None,
        )
        await self._exchange.publish(message, event.routing_key, mandatory=True, timeout=_CONFIRM_SECONDS)


def _said(error: DeliveryError) -> str:
    """Return the broker's own words where it has some, as for an event that no queue takes."""
    text = getattr(error.frame, "reply_text", None)
    return str(text) if text else reason(error)
