"""Sends questions to whoever may answer them."""

import json
from datetime import UTC, datetime, timedelta

import structlog
from aio_pika import Message
from ichor_activities import TokenKeys
from ichor_edgestore import EdgeStore
from ichor_models import OpenedQuestion, Reply, ReplyError, Traceparent
from ichor_service import REPLIES, Link, Publisher, Unreachable, Unroutable, Unsendable, outages, reason, span

NO_LISTENER = "no_listener"
UNSENDABLE = "unsendable"
_SOONEST = timedelta(milliseconds=1)
_LATEST = timedelta(days=3650)
"""RabbitMQ takes no message that expires much later."""
_log = structlog.stdlib.get_logger(__name__)


class QuestionSender:
    """Implements `ichor_activities.Sender`. What is not known to be sent is sent later (`send_again`).

    Where nobody listens, or it never can be sent, that is the reply: it ends the action even where this worker dies.
    """

    def __init__(self, publisher: Publisher, keys: TokenKeys, store: Link[EdgeStore]) -> None:
        self._publisher = publisher
        self._keys = keys
        self._store = store

    async def send(self, opened: OpenedQuestion) -> None:
        """Send a question, now or as soon as the broker and the database are there again."""
        try:
            await self._send(opened)
        except Unreachable as error:
            _log.warning("a question is sent later", question=str(opened.id), reason=reason(error))

    async def send_again(self, opened: OpenedQuestion) -> None:
        """Send what could not be sent before.

        Raises:
            Unreachable: the broker or the database is away.
        """
        traced = Traceparent.read(opened.traceparent)
        with span("ask again", {"ichor.question": str(opened.id)}, parent=traced):
            await self._send(opened)

    async def close(self) -> None:
        """Close the connection to the broker, if one is open."""
        await self._publisher.close()

    async def _send(self, opened: OpenedQuestion) -> None:
        with outages():
            try:
                await self._publish(opened)
            except (Unroutable, Unsendable) as error:
                await self._store.opened.claim_question(opened.id, Reply(error=_refusal(error)))

    async def _publish(self, opened: OpenedQuestion) -> None:
        asked = opened.question.message
        if asked is None:
            return
        message = Message(
            json.dumps(asked.body, ensure_ascii=False).encode(),
            content_type="application/json",
            message_id=str(opened.id),
            correlation_id=self._keys.sign(opened.id),
            reply_to=REPLIES.queue,
            expiration=min(max(opened.expires - datetime.now(UTC), _SOONEST), _LATEST),
        )
        await self._publisher.publish(message, asked.routing_key)
        await self._store.opened.question_sent(opened.id)


def _refusal(error: Unroutable | Unsendable) -> ReplyError:
    """Return how the action fails that asks."""
    if isinstance(error, Unroutable):
        return ReplyError(message=f"Nobody listens: {error}", type=NO_LISTENER)
    return ReplyError(message=f"The question can never be sent: {error}", type=UNSENDABLE)
