"""A message as RabbitMQ delivered it, and what can be done with it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType
from ichor_models import TRACEPARENT, Traceparent

from ichor_service.message_properties import UNREADABLE

REASON = "x-ichor-reason"
DETAIL = "x-ichor-detail"
ROUTING_KEY = "x-ichor-routing-key"
DEAD_SINCE = "x-ichor-dead-since"
FAILURES = "x-ichor-failures"
WITHOUT_ID = "x-ichor-without-id"
"""The client library gives a `message_id` to each copy of a message that has none; that one is nobody's id."""
_DELIVERIES = "x-delivery-count"
_OF_THE_DEAD = (REASON, DETAIL, ROUTING_KEY, DEAD_SINCE)
_OTHER_RECIPIENTS = ("CC", "BCC")
"""By these headers RabbitMQ sends a message to more routing keys: whoever wrote them sends no copy of ours anywhere."""
_OFTEN = 10
_LONGEST_DETAIL = 1_000


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
        return None if WITHOUT_ID in self.message.headers else self.message.message_id

    @property
    def correlation_id(self) -> str | None:
        """Return what the sender says that the message belongs to."""
        return self.message.correlation_id

    @property
    def unreadable(self) -> str | None:
        """Return why its properties could not be read, None where they could."""
        return self.header(UNREADABLE)

    def header(self, name: str) -> str | None:
        """Return a header as text, None where there is none."""
        value = self.message.headers.get(name)
        return None if value is None else str(value)

    @property
    def traced(self) -> Traceparent | None:
        """Return the trace that its sender says that it belongs to."""
        return Traceparent.read(self.header(TRACEPARENT))

    @property
    def fingerprint(self) -> str:
        """Return what tells a dead letter from others, the same however often it was looked at."""
        # Not by its message_id, which may be the client library's.
        told = [self.correlation_id, *(self.header(name) for name in _OF_THE_DEAD)]
        return sha256("\n".join(str(item) for item in told).encode() + b"\n" + self.body).hexdigest()[:12]

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
        since = datetime.now(UTC).isoformat(timespec="milliseconds")
        told = {REASON: code, DETAIL: detail[:_LONGEST_DETAIL], ROUTING_KEY: self._routing_key, DEAD_SINCE: since}
        await self._publish(publisher, dead, {**self._headers(), **told})

    async def renew(self, publisher: AbstractChannel, queue: str, failures: int = 0) -> None:
        """Put it at the end of its own queue, as one that failed so often; its deliveries are counted anew."""
        told = {ROUTING_KEY: self._routing_key, FAILURES: failures}
        await self._publish(publisher, queue, {**self._headers(), **told})

    async def resend(self, publisher: AbstractChannel, queue: str) -> None:
        """Put a dead letter back into the queue that it came from, as it was before it died."""
        await self._publish(publisher, queue, self._headers(_OF_THE_DEAD))

    @property
    def _routing_key(self) -> str:
        return self.header(ROUTING_KEY) or self.message.routing_key or ""

    def _headers(self, without: Collection[str] = ()) -> HeadersType:
        gone = (_DELIVERIES, FAILURES, UNREADABLE, *_OTHER_RECIPIENTS, *without)
        kept = {key: value for key, value in self.message.headers.items() if key not in gone}
        return kept if self.message_id else {**kept, WITHOUT_ID: True}

    async def _publish(self, publisher: AbstractChannel, queue: str, headers: HeadersType) -> None:
        """Put a copy into a queue, and take it from its own when the broker has confirmed that.

        However long that takes: who gave up and let it come again would have it dropped after 20 times.
        """
        await publisher.default_exchange.publish(self._copy(headers), queue, mandatory=True)
        await self.accept()

    def _copy(self, headers: HeadersType) -> Message:
        original = self.message
        return Message(
            original.body,
            headers=headers,
            content_type=original.content_type,
            content_encoding=original.content_encoding,
            delivery_mode=2,
            priority=original.priority,
            correlation_id=original.correlation_id,
            reply_to=original.reply_to,
            message_id=original.message_id,
            timestamp=self.sent or datetime.now(UTC),
            type=original.type,
            app_id=original.app_id,
        )
