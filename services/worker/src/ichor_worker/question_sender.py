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
_LATEST = timedelta(milliseconds=2**32 - 1)
"""The longest time to live that each RabbitMQ takes: 49 days."""
_log = structlog.stdlib.get_logger(__name__)


class QuestionSender:
    """Implements `ichor_activities.Sender`. What is not known to be sent is sent later (`send_again`).

    Where nobody listens, or the broker never takes it, that is the reply: it ends the action also where this worker
    dies at this moment.
    """

    def __init__(self, publisher: Publisher, keys: TokenKeys, store: Link[EdgeStore]) -> None:
        self._publisher = publisher
        self._keys = keys
        self._store = store

    async def send(self, opened: OpenedQuestion) -> None:
        """Send a question, now or as soon as the broker, or the database that notes it, is there again."""
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
            except Unroutable as error:
                await self._refuse(opened, ReplyError(message=f"Nobody listens: {error}", type=NO_LISTENER))
            except Unsendable as error:
                await self._refuse(opened, ReplyError(message=str(error), type=UNSENDABLE))
            else:
                await self._store.opened.question_sent(opened.id)

    async def _refuse(self, opened: OpenedQuestion, why: ReplyError) -> None:
        await self._store.opened.claim_question(opened.id, Reply(error=why))

    async def _publish(self, opened: OpenedQuestion) -> None:
        asked = opened.question.message
        if asked is None:
            return
        left = max(opened.expires - datetime.now(UTC), _SOONEST)
        message = Message(
            json.dumps(asked.body, ensure_ascii=False).encode(),
            content_type="application/json",
            message_id=str(opened.id),
            correlation_id=self._keys.sign(opened.id),
            reply_to=REPLIES.queue,
            expiration=left if left <= _LATEST else None,
        )
        await self._publisher.publish(message, asked.routing_key)
