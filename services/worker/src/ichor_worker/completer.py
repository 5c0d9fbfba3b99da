"""Brings replies to the runs that wait for them: each once, whatever is killed in between.

The question's row decides: a reply is first claimed there, then the run is told by a signal, then the row notes that it
was. A reply that comes again, or a claim whose signal may have been lost, only repeats the signal, which a run that
has the answer ignores. Where a question is answered elsewhere, as by a vote, the database tells of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog
from ichor_activities import TokenKeys
from ichor_edgestore import EdgeStore, StoreError, UndeliveredReply, Verdict
from ichor_executor.temporal import REPLY
from ichor_models import InvalidReply, OpenedQuestion, Reply, ReplyError, ReplyNotice, Traceparent, parse_reply
from ichor_service import (
    Letter,
    Link,
    Stop,
    Stopped,
    Unreachable,
    Unusable,
    again_and_again,
    is_refusal,
    is_unknown,
    outages,
    reason,
    require_home,
    span,
)
from temporalio.client import Client
from temporalio.service import RPCError

REFUSED = "refused"
"""What an action fails with whose reply Temporal does not take."""
_LEASE = timedelta(seconds=1)
_UNSENT = timedelta(seconds=3)
_PAUSE = 0.5
_LONGER = 3.0
_SENTENCES = {
    Verdict.OTHER: "The question has another answer already; the first one stands.",
    Verdict.LATE: "The time for this reply was over; the action went on without it.",
    Verdict.RUN_ENDED: "Nobody waits for this reply any more: the run that asked has ended, or its action has failed.",
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
            Unreachable: Temporal or the database is away, or this Temporal does not carry the runs.
        """
        question, reply = _read(letter, keys, max_bytes)
        with outages(), _usable():
            claim = await self._store.opened.claim_question(question, reply, delivers=True)
            if claim.notice is not None:
                traced = None if letter.traced else claim.traceparent
                await self._deliver(UndeliveredReply(question, claim.notice, claim.workflow_id, traced))
            elif claim.verdict is Verdict.REPEATED:
                _log.info("a reply came again", question=str(question))
            else:
                raise Unusable(claim.verdict, _SENTENCES[claim.verdict])
        return claim.verdict

    async def deliver(self, stop: Stop) -> None:
        """Until told to stop, deliver replies that were taken elsewhere, at once, and those that may have been lost."""
        await again_and_again(lambda: self._listen(stop), stop)

    async def resend(self, sender: Resender, stop: Stop) -> None:
        """Until told to stop, send questions that may not have been."""
        await _repeat(lambda: self._resend_once(sender), stop)

    async def remind(self, stop: Stop) -> None:
        """Until told to stop, remind approvers. No decision waits for it: an application may have an alert locked."""
        await _repeat(self._remind_once, stop)

    async def _remind_once(self) -> bool:
        try:
            await self._store.opened.remind_approvers()
        except Exception as error:
            return _waits(error, "reminders of approvals")
        return True

    async def _listen(self, stop: Stop) -> bool:
        """Deliver for as long as the connection that listens lasts; say whether there was one."""
        listened = False
        try:
            async with self._store.opened.listening_for_replies() as signal:
                listened = True
                while True:
                    pause = _PAUSE if await stop.interrupt(self._deliver_once()) else _LONGER
                    await stop.interrupt(signal.wait(pause))
        except StoreError as error:
            _waits(error, "replies")
        return listened

    async def _deliver_once(self) -> bool:
        try:
            replies = await self._store.opened.take_undelivered(_LEASE)
        except Exception as error:
            return _waits(error, "replies")
        return await _side_by_side("replies", [self._deliver(item) for item in replies])

    async def _resend_once(self, sender: Resender) -> bool:
        try:
            questions = await self._store.opened.unsent_questions(_UNSENT)
        except Exception as error:
            return _waits(error, "questions")
        return await _side_by_side("questions", [sender.send_again(opened) for opened in questions])

    async def _deliver(self, answered: UndeliveredReply) -> None:
        """Tell a run the answer, in the trace of the reply, else in that of the question.

        Whatever comes of that, nobody has to try it again.

        Raises:
            Unusable: the run has ended, or Temporal does not take the reply; its action then fails and says so.
            RPCError, StoreError, ForeignNamespace: a server is away, or another one; it has to be tried again.
        """
        facts = {"ichor.workflow_id": answered.workflow_id, "ichor.question": str(answered.id)}
        with span("deliver reply", facts, kind="producer", parent=Traceparent.read(answered.traceparent)):
            await self._tell(answered.id, answered.notice, answered.workflow_id)

    async def _tell(self, question: UUID, notice: ReplyNotice, workflow_id: str) -> None:
        try:
            await self._signal(workflow_id, notice)
        except RPCError as error:
            if is_unknown(error):
                await require_home(self._temporal.opened, self._store.opened)
                if not await self._store.opened.reply_lost(question):
                    return
                raise Unusable(Verdict.RUN_ENDED, _SENTENCES[Verdict.RUN_ENDED]) from error
            if not is_refusal(error):
                raise
            await self._refuse(question, notice, workflow_id, error)
            raise Unusable(REFUSED, f"Temporal refuses to take this reply to its run: {reason(error)}.") from error
        await self._store.opened.reply_delivered(question)

    async def _refuse(self, question: UUID, notice: ReplyNotice, workflow_id: str, error: RPCError) -> None:
        """Let an action fail whose reply Temporal does not take; the row has the error before the run is told."""
        message = f"A reply came, and Temporal refused to take it to the run: {reason(error)}"
        refusal = Reply(error=ReplyError(message=message, type=REFUSED))
        await self._store.opened.refuse_reply(question, refusal)
        try:
            await self._signal(workflow_id, notice.model_copy(update={"reply": refusal}))
        except RPCError as again:
            if not (is_refusal(again) or is_unknown(again)):
                raise
            # It takes no signal at all. The run finds the error in the row when its time is over.
            _log.error("a run cannot be told of its reply", workflow_id=workflow_id, reason=reason(again))
        await self._store.opened.reply_delivered(question)

    async def _signal(self, workflow_id: str, notice: ReplyNotice) -> None:
        await self._temporal.opened.get_workflow_handle(workflow_id).signal(REPLY, notice)


async def _side_by_side(what: str, works: Sequence[Awaitable[object]]) -> bool:
    """Do each by itself, so that none holds up another; say whether all went well."""
    return all(await asyncio.gather(*(_by_itself(what, work) for work in works)))


async def _by_itself(what: str, work: Awaitable[object]) -> bool:
    try:
        with outages():
            await work
    except Unusable as error:
        _log.warning("a reply is of no use", code=error.code, detail=str(error))
    except Exception as error:
        return _waits(error, what)
    return True


async def _repeat(step: Callable[[], Coroutine[Any, Any, bool]], stop: Stop) -> None:
    """Do something until told to stop, less often while it does not go well; a step that is cut off is done again."""
    with suppress(Stopped):
        while True:
            await stop.sleep(_PAUSE if await stop.interrupt(step()) else _LONGER)


def _waits(error: Exception, what: str) -> bool:
    """Log why something waits: loudly only where no server is to blame."""
    level = _log.debug if isinstance(error, (Unreachable, StoreError)) else _log.error
    level(f"{what} wait", reason=reason(error))
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
    with _usable():
        return question, parse_reply(letter.body)


@contextmanager
def _usable() -> Generator[None]:
    try:
        yield
    except InvalidReply as error:
        raise Unusable(error.code, str(error)) from error
