"""Questions of runs in memory, for tests and for trying things out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ichor_models import (
    NO_BODIES,
    ActionCall,
    ActionError,
    ExecutionId,
    OpenedQuestion,
    Question,
    Reply,
    ReplyNotice,
    RunStatus,
    ValueLimit,
    question_id,
)
from pydantic import JsonValue

from ichor_edgestore.awaited_reply import AwaitedReply
from ichor_edgestore.claim import Claim, Verdict, fit_reply, judge, reply_document, reply_hash, require_port
from ichor_edgestore.errors import ConstraintViolated
from ichor_edgestore.memory_journal import MemoryJournal
from ichor_edgestore.postgres_questions import LATE, UndeliveredReply, as_action_error, storable_reply


@dataclass(slots=True)
class KeptQuestion:
    """A question with all that is known of it."""

    call: ActionCall
    question: Question
    expires: datetime
    state: str = "open"
    reply: JsonValue = None
    reply_hash: str | None = None
    tried: datetime | None = None
    delivered: bool = False
    sent: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def escalated(self) -> bool:
        """Say whether it is time for the escalation of an approval."""
        escalation = self.question.approval and self.question.approval.escalation
        return escalation is not None and datetime.now(UTC) - self.created >= escalation.after


class MemoryQuestions:
    """Takes replies, and closes questions whose time is over, as `PostgresQuestions` does."""

    def __init__(
        self, journal: MemoryJournal, run: Callable[[ExecutionId], tuple[RunStatus, str]], limit: ValueLimit
    ) -> None:
        self._notes = journal
        self._limit = limit
        self._run = run
        self._questions: dict[UUID, KeptQuestion] = {}
        self._dropped: set[tuple[ExecutionId, str, int]] = set()

    def opened(self, call: ActionCall) -> OpenedQuestion | None:
        """Return the question of a call, where it is open or was."""
        kept = self._questions.get(question_id(call))
        return kept and OpenedQuestion(
            id=question_id(call),
            expires=kept.expires,
            question=kept.question,
            waits=kept.state == "open",
            refusal=Reply.model_validate(kept.reply).refusal if kept.reply else None,
        )

    def require_run(self, call: ActionCall) -> None:
        """Refuse what a run asks that has ended, or goes on without the action.

        Raises:
            ActionError: it has, or does.
        """
        execution_id = call.run.execution_id
        status, _ = self._run(execution_id)
        if status.ended or (execution_id, call.key, call.ask) in self._dropped:
            message = f"The run {execution_id} no longer waits for what this action asks."
            raise ActionError(message, type="run_ended")

    def open(self, call: ActionCall, question: Question) -> None:
        """Open the question of a call."""
        if question_id(call) in self._questions:
            raise ConstraintViolated("The question is open already.")
        expires = datetime.now(UTC) + question.timeout
        self._questions[question_id(call)] = KeptQuestion(call, question, expires, sent=question.message is None)

    def withdraw(self, call: ActionCall) -> None:
        """Close the question of a call, unless it is answered."""
        kept = self._questions.get(question_id(call))
        if kept is not None and kept.state == "open":
            kept.state = "closed"

    def kept(self, id: UUID) -> KeptQuestion | None:
        """Return a question as it stands."""
        return self._questions.get(id)

    def awaited(self, execution_id: ExecutionId) -> Iterator[AwaitedReply]:
        """Yield what a run has asked and nobody answered."""
        for id, kept in self._questions.items():
            if kept.call.run.execution_id == execution_id and kept.state == "open":
                yield AwaitedReply(
                    id=id,
                    action=kept.call.name,
                    question=kept.question,
                    escalated=kept.escalated,
                    expires=kept.expires,
                )

    def close_all(self, execution_id: ExecutionId) -> None:
        """Close what nobody answered, with its run."""
        for kept in self._questions.values():
            if kept.call.run.execution_id == execution_id and kept.state == "open":
                kept.state = "closed"

    async def claim_question(self, id: UUID, reply: Reply, *, delivers: bool = False) -> Claim:
        kept = self._questions.get(id)
        if kept is None:
            return Claim(Verdict.UNKNOWN)
        reply = storable_reply(reply)
        status, workflow_id = self._run(kept.call.run.execution_id)
        verdict = judge(kept.state, status, kept.reply_hash, reply, delivered=kept.delivered)
        if verdict is Verdict.RUN_ENDED:
            kept.state = "closed"
        if verdict is not Verdict.TAKEN:
            return Claim(verdict)
        if kept.state == "open":
            require_port(kept.question, reply)
            fitted, bodies = fit_reply(reply, kept.call.reads, self._limit.at_most(kept.call.largest))
            kept.state, kept.reply, kept.reply_hash = "answered", reply_document(fitted), reply_hash(reply)
            kept.tried = datetime.now(UTC) if delivers else None
            await self._note(kept.call, as_action_error(fitted) or fitted.result or {}, bodies)
        return Claim(verdict, _notice(kept), workflow_id)

    async def close_question(self, execution_id: ExecutionId, action_key: str, ask: int) -> Reply | None:
        kept = next((kept for kept in self._questions.values() if _is(kept.call, execution_id, action_key, ask)), None)
        if kept is None or kept.state in ("expired", "closed"):
            return None
        if kept.state == "answered":
            return Reply.model_validate(kept.reply)
        kept.state = "expired"
        on_timeout = kept.question.on_timeout
        await self._note(kept.call, LATE if on_timeout is None else on_timeout)
        return None

    async def drop_questions(self, execution_id: ExecutionId, asks: Sequence[tuple[str, int]]) -> None:
        self._dropped |= {(execution_id, key, ask) for key, ask in asks}
        for kept in self._questions.values():
            if kept.state == "open" and any(_is(kept.call, execution_id, key, ask) for key, ask in asks):
                kept.state = "closed"

    async def reply_delivered(self, id: UUID) -> None:
        self._questions[id].delivered = True

    async def reply_lost(self, id: UUID) -> bool:
        kept = self._questions[id]
        if not kept.delivered:
            kept.state = "closed"
        return not kept.delivered

    async def refuse_reply(self, id: UUID, refusal: Reply) -> None:
        kept, error = self._questions[id], as_action_error(refusal)
        assert error is not None
        if kept.state == "answered" and not kept.delivered:
            kept.reply, kept.reply_hash = reply_document(refusal), reply_hash(refusal)
            self._notes.overrule(kept.call, error)

    async def question_sent(self, id: UUID) -> None:
        self._questions[id].sent = True

    async def unsent_questions(self, older_than: timedelta, *, limit: int = 100) -> Sequence[OpenedQuestion]:
        latest = datetime.now(UTC) - older_than
        unsent = [
            opened
            for kept in self._questions.values()
            if kept.state == "open" and not kept.sent and kept.created < latest
            if (opened := self.opened(kept.call)) is not None
        ]
        return unsent[:limit]

    async def take_undelivered(self, lease: timedelta, *, limit: int = 100) -> Sequence[UndeliveredReply]:
        now = datetime.now(UTC)
        waiting = [
            (id, kept)
            for id, kept in self._questions.items()
            if kept.state == "answered" and not kept.delivered and (kept.tried is None or kept.tried <= now - lease)
        ]
        for _, kept in waiting[:limit]:
            kept.tried = now
        return [
            UndeliveredReply(id, _notice(kept), self._run(kept.call.run.execution_id)[1])
            for id, kept in waiting[:limit]
        ]

    async def _note(
        self, call: ActionCall, what: ActionError | dict[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES
    ) -> None:
        if self._notes.failed_for_good(call):
            return
        if isinstance(what, ActionError):
            await self._notes.failed(call, what)
        else:
            await self._notes.completed(call, what, bodies)


def _notice(kept: KeptQuestion) -> ReplyNotice:
    return ReplyNotice(action_key=kept.call.key, ask=kept.call.ask, reply=Reply.model_validate(kept.reply))


def _is(call: ActionCall, execution_id: ExecutionId, action_key: str, ask: int) -> bool:
    return (call.run.execution_id, call.key, call.ask) == (execution_id, action_key, ask)
