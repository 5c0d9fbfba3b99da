"""Sends questions to whoever may answer them."""

import json
from datetime import UTC, datetime, timedelta

import structlog
from aio_pika import Message
from ichor_activities import TokenKeys
from ichor_edgestore import EdgeStore
from ichor_models import ActionCall, ActionError, OpenedQuestion, Reply, ReplyError, Traceparent
from ichor_service import REPLIES, Link, Publisher, Unreachable, Unroutable, outages, reason, span

NO_LISTENER = "no_listener"
_SOONEST = timedelta(milliseconds=1)
_log = structlog.stdlib.get_logger(__name__)


class QuestionSender:
    """Implements `ichor_activities.Sender`. What is not known to be sent is sent later (`send_again`)."""

    def __init__(self, publisher: Publisher, keys: TokenKeys, store: Link[EdgeStore]) -> None:
        self._publisher = publisher
        self._keys = keys
        self._store = store

    async def send(self, call: ActionCall, opened: OpenedQuestion) -> None:
        """Send a question, now or as soon as the broker and the database are there again.

        Raises:
            ActionError: [no_listener] nobody listens, nor has somebody answered before; the question is closed then.
        """
        try:
            with outages():
                await self._send(call, opened)
        except Unreachable as error:
            _log.warning("a question is sent later", question=str(opened.id), reason=reason(error))

    async def send_again(self, opened: OpenedQuestion) -> None:
        """Send what could not be sent before; where nobody listens, that is the reply.

        Raises:
            Unreachable: the broker is away.
        """
        traced = Traceparent.read(opened.traceparent)
        try:
            with span("ask again", {"ichor.question": str(opened.id)}, parent=traced):
                await self._publish(opened)
        except Unroutable as error:
            refusal = Reply(error=ReplyError(message=f"Nobody listens: {error}", type=NO_LISTENER))
            await self._store.opened.claim_question(opened.id, refusal)

    async def close(self) -> None:
        """Close the connection to the broker, if one is open."""
        await self._publisher.close()

    async def _send(self, call: ActionCall, opened: OpenedQuestion) -> None:
        try:
            await self._publish(opened)
        except Unroutable as error:
            if await self._store.opened.withdraw_question(opened.id):
                raise ActionError(f"{call.name!r} asks, and nobody listens: {error}", type=NO_LISTENER) from None

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
            expiration=max(opened.expires - datetime.now(UTC), _SOONEST),
        )
        await self._publisher.publish(message, asked.routing_key)
        await self._store.opened.question_sent(opened.id)
