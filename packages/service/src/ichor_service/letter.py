"""A message as RabbitMQ delivered it, and what can be done with it."""

from dataclasses import dataclass
from datetime import datetime

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType

REASON = "x-ichor-reason"
DETAIL = "x-ichor-detail"
ROUTING_KEY = "x-ichor-routing-key"
FAILURES = "x-ichor-failures"
_DELIVERIES = "x-delivery-count"
_OFTEN = 10
_LONGEST_DETAIL = 1_000
_CONFIRM_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery; it stays the broker's until it is settled."""

    message: AbstractIncomingMessage

    @property
    def body(self) -> bytes:
        """Return what the sender wrote."""
        return self.message.body

    @property
    def message_id(self) -> str | None:
        """Return the sender's id of the message."""
        return self.message.message_id

    @property
    def correlation_id(self) -> str | None:
        """Return what the sender says that the message belongs to."""
        return self.message.correlation_id

    @property
    def sent(self) -> datetime | None:
        """Return when it was sent, where the sender says so."""
        return self.message.timestamp

    @property
    def failures(self) -> int:
        """Return how often it failed before it was put at the end of its queue."""
        failures = self.message.headers.get(FAILURES)
        return max(failures, 0) if isinstance(failures, int) else 0

    @property
    def came_often(self) -> bool:
        """Say whether it was handed back so often that RabbitMQ 4, which drops it after 20 times, may lose it."""
        count = self.message.headers.get(_DELIVERIES)
        return isinstance(count, int) and count >= _OFTEN

    async def accept(self) -> None:
        """Tell the broker that it is done with."""
        await self.message.ack()

    async def bury(self, publisher: AbstractChannel, dead: str, code: str, detail: str) -> None:
        """Put it into the queue of dead letters, the body untouched, and take it from its own."""
        await self._publish(publisher, dead, {REASON: code, DETAIL: detail[:_LONGEST_DETAIL]})
        await self.accept()

    async def renew(self, publisher: AbstractChannel, queue: str, failures: int) -> None:
        """Put it at the end of its own queue, as one that failed so often; its deliveries are counted anew."""
        await self._publish(publisher, queue, {FAILURES: failures})
        await self.accept()

    async def _publish(self, publisher: AbstractChannel, queue: str, headers: HeadersType) -> None:
        copy = self._copy(headers)
        await publisher.default_exchange.publish(copy, queue, mandatory=True, timeout=_CONFIRM_SECONDS)

    def _copy(self, headers: HeadersType) -> Message:
        original = self.message
        kept: HeadersType = {
            key: value for key, value in original.headers.items() if key not in (_DELIVERIES, FAILURES)
        }
        routing_key = kept.get(ROUTING_KEY) or original.routing_key or ""
        return Message(
            original.body,
            headers={**kept, ROUTING_KEY: routing_key, **headers},
            content_type=original.content_type,
            content_encoding=original.content_encoding,
            delivery_mode=2,
            priority=original.priority,
            correlation_id=original.correlation_id,
            reply_to=original.reply_to,
            message_id=original.message_id,
            timestamp=original.timestamp,
            type=original.type,
            app_id=original.app_id,
        )
