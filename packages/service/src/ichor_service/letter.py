"""A message as RabbitMQ delivered it, and what can be done with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType

from ichor_service.message_properties import UNREADABLE

REASON = "x-ichor-reason"
DETAIL = "x-ichor-detail"
ROUTING_KEY = "x-ichor-routing-key"
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
    def unreadable(self) -> str | None:
        """Return why its properties could not be read, None where they could."""
        why = self.message.headers.get(UNREADABLE)
        return None if why is None else str(why)

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
        routing_key = self.message.routing_key or ""
        headers = {REASON: code, DETAIL: detail[:_LONGEST_DETAIL], ROUTING_KEY: routing_key}
        await self._publish(publisher, dead, headers)
        await self.accept()

    async def renew(self, publisher: AbstractChannel, queue: str) -> None:
        """Put it into its own queue afresh, so that its deliveries are counted anew."""
        await self._publish(publisher, queue, {})
        await self.accept()

    async def _publish(self, publisher: AbstractChannel, queue: str, headers: Mapping[str, str]) -> None:
        copy = self._copy(headers)
        await publisher.default_exchange.publish(copy, queue, mandatory=True, timeout=_CONFIRM_SECONDS)

    def _copy(self, headers: Mapping[str, str]) -> Message:
        original = self.message
        kept: HeadersType = {
            key: value for key, value in original.headers.items() if key not in (_DELIVERIES, UNREADABLE)
        }
        return Message(
            original.body,
            headers={**kept, **headers},
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
