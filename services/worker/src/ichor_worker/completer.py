"""Brings replies to the runs that wait for them: each once, whatever is killed in between.

The question's row decides: a reply is first claimed there, then the run is told by a signal, then the row notes that it
was. A reply that comes again, or a claim whose signal may have been lost, only repeats the signal, which a run that
has the answer ignores.
"""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog
from ichor_activities import TokenKeys
from ichor_edgestore import EdgeStore, StoreError, Verdict
from ichor_executor.temporal import REPLY
from ichor_models import InvalidReply, OpenedQuestion, Reply, ReplyNotice, parse_reply
from ichor_service import Letter, Link, Stop, Stopped, Unreachable, Unusable, reason
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

_UNDELIVERED = timedelta(seconds=1)
_UNSENT = timedelta(seconds=3)
_PAUSE = 0.5
_LONGER = 3.0
_SENTENCES = {
    Verdict.OTHER: "The question has another answer already; the first one stands.",
    Verdict.LATE: "The time for this reply was over; the action went on without it.",
    Verdict.RUN_ENDED: "The run that asked has ended.",
    Verdict.UNKNOWN: "There is no such question; its run may have been removed.",
}
_log = structlog.stdlib.get_logger(__name__)


class Resender(Protocol):
    """Sends a question that may not have been sent."""

    async def send_again(self, opened: OpenedQuestion) -> None:
        """Send it."""
        ...


class Completer:
    """Takes replies from the queue, and delivers those that were answered elsewhere."""

    def __init__(self, temporal: Link[Client], store: Link[EdgeStore]) -> None:
        self._temporal = temporal
        self._store = store

    async def take(self, letter: Letter, keys: TokenKeys, max_bytes: int) -> Verdict:
        """Deal with one reply, and return what it was to its question.

        Raises:
            Unusable: nobody can use it.
            Unreachable: Temporal or the database is away.
        """
        question, reply = _read(letter, keys, max_bytes)
        try:
            claim = await self._store.opened.claim_question(question, reply)
        except StoreError as error:
            raise Unreachable(reason(error)) if error.retryable else error from error
        if claim.verdict is Verdict.REPEATED:
            _log.info("a reply came again", question=str(question))
        elif claim.notice is None:
            raise Unusable(claim.verdict, _SENTENCES[claim.verdict])
        elif not await self._deliver(question, claim.notice, claim.workflow_id):
            raise Unusable(Verdict.RUN_ENDED, _SENTENCES[Verdict.RUN_ENDED])
        return claim.verdict

    async def sweep(self, sender: Resender | None, stop: Stop) -> None:
        """Until told to stop, deliver replies that may not have been, and send questions that may not have been."""
        try:
            while True:
                went_well = await self._sweep_once(sender)
                await stop.sleep(_PAUSE if went_well else _LONGER)
        except Stopped:
            return

    async def _sweep_once(self, sender: Resender | None) -> bool:
        """Deal with each reply and question by itself, so that none holds up another; say whether all went well."""
        store = self._store.opened
        try:
            replies = await store.undelivered_replies(_UNDELIVERED)
            questions = await store.unsent_questions(_UNSENT) if sender is not None else ()
        except Exception as error:
            return _waits(error)
        done = [await _by_itself(self._deliver(item.id, item.notice, item.workflow_id)) for item in replies]
        if sender is not None:
            done += [await _by_itself(sender.send_again(opened)) for opened in questions]
        return all(done)

    async def _deliver(self, question: UUID, notice: ReplyNotice, workflow_id: str) -> bool:
        """Tell a run the answer; say whether it is still there."""
        handle = self._temporal.opened.get_workflow_handle(workflow_id)
        try:
            await handle.signal(REPLY, notice)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise Unreachable(f"Temporal: {reason(error)}") from error
            await self._store.opened.reply_lost(question)
            return False
        await self._store.opened.reply_delivered(question)
        return True


async def _by_itself(work: Awaitable[object]) -> bool:
    try:
        await work
    except Exception as error:
        return _waits(error)
    return True


def _waits(error: Exception) -> bool:
    """Log why something waits: loudly only where no server is to blame."""
    level = _log.debug if isinstance(error, (Unreachable, StoreError)) else _log.error
    level("replies and questions wait", reason=reason(error))
    return False


def _read(letter: Letter, keys: TokenKeys, max_bytes: int) -> tuple[UUID, Reply]:
    if len(letter.body) > max_bytes:
        detail = f"The reply has {len(letter.body)} bytes; ICHOR_MAX_REPLY_BYTES allows {max_bytes}."
        raise Unusable("too_large", detail)
    if not letter.correlation_id:
        raise Unusable("no_token", "The message has no correlation_id; give back that of the question.")
    question = keys.read(letter.correlation_id)
    if question is None:
        raise Unusable("invalid_token", "The correlation_id is no token that we gave, or its key is no longer known.")
    try:
        return question, parse_reply(letter.body)
    except InvalidReply as error:
        raise Unusable(error.code, str(error)) from error
