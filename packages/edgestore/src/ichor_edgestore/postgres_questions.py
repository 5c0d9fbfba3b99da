"""Questions of runs in PostgreSQL: opened by their action, ended once, by whoever comes first."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from ichor_models import (
    SUCCESS,
    ActionError,
    ExecutionId,
    OpenedQuestion,
    Question,
    Reply,
    ReplyNotice,
    RunStatus,
    ValueLimit,
)
from ichor_models.strict_json import storable

from ichor_edgestore.approval_rows import EXPIRED, TIMED_OUT, resolve_in
from ichor_edgestore.claim import Claim, Verdict, fit_reply, judge, reply_document, reply_hash, require_port
from ichor_edgestore.database import Database, Session
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.postgres_values import put_in
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.signal import Signal

_QUERIES = load_queries("questions")
_CHANNEL = "ichor_replies"
LATE = ActionError("No reply came in time.", type="timeout", retryable=True)
"""How an action fails that waited in vain."""


@dataclass(frozen=True, slots=True)
class UndeliveredReply:
    """A reply that its run may not have got."""

    id: UUID
    notice: ReplyNotice
    workflow_id: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question, with the run and the action that asked it; `state` is open, answered, expired or closed."""

    id: UUID
    execution_id: ExecutionId
    action: str
    state: str


class PostgresQuestions:
    """Takes replies, and closes questions whose time is over."""

    def __init__(self, database: Database, limit: ValueLimit) -> None:
        self._database = database
        self._limit = limit

    async def claim_question(self, id: UUID, reply: Reply, *, delivers: bool = False) -> Claim:
        """Take a reply for a question, which it ends; say what the reply is where it does not.

        What is taken must be brought to the run, and then `reply_delivered` be told: by the caller who `delivers`,
        else by whoever is `listening_for_replies`.

        Raises:
            InvalidReply: it names a port that the question does not note, and the question stays open.
        """
        reply = storable_reply(reply)
        async with self._database.transaction() as session:
            return await claim_in(session, id, reply, self._limit, delivers=delivers)

    async def close_question(self, execution_id: ExecutionId, action_key: str, ask: int) -> Reply | None:
        """Close a question whose time is over; return the reply that it has already."""
        async with self._database.transaction() as session:
            row = await session.row(_QUERIES["hold_ask"], as_uuid(execution_id), action_key, ask)
            if row is None or row["state"] in ("expired", "closed"):
                return None
            if row["state"] == "answered":
                return Reply.model_validate(row["reply"])
            await session.execute(_QUERIES["end"], row["id"], "expired")
            await _note_timeout(session, row)
            await resolve_in(session, row["id"], TIMED_OUT)
        return None

    async def drop_questions(self, execution_id: ExecutionId, asks: Sequence[tuple[str, int]]) -> None:
        """Close those of these questions that are open, each the key of an action and the number of its question.

        One that was not opened so far is not opened any more.
        """
        keys, numbers = [key for key, _ in asks], [number for _, number in asks]
        async with self._database.transaction() as session:
            await _closed(session, await session.rows(_QUERIES["close_some"], as_uuid(execution_id), keys, numbers))

    async def reply_delivered(self, id: UUID) -> None:
        """Note that a run has the reply to its question."""
        await self._database.execute(_QUERIES["delivered"], id)

    async def reply_lost(self, id: UUID) -> bool:
        """Note that a run is not there to take the reply to its question; say whether it never had it."""
        if await self._database.execute(_QUERIES["arrived"], id):
            return False
        return await self._database.execute(_QUERIES["lose"], id) > 0

    async def refuse_reply(self, id: UUID, refusal: Reply) -> None:
        """Put an error in the place of a reply that cannot be brought to its run; the action fails with it."""
        error = as_action_error(refusal)
        assert error is not None
        await self._database.execute(
            _QUERIES["refuse"], id, reply_document(refusal), reply_hash(refusal), error.as_json()
        )

    async def asked_questions(self, ids: Sequence[UUID]) -> Sequence[AskedQuestion]:
        """Return those of these questions that there are, in any order."""
        rows = await self._database.rows(_QUERIES["asked"], ids)
        return [
            AskedQuestion(row["id"], ExecutionId(str(row["execution_id"])), row["action"], row["state"]) for row in rows
        ]

    async def question_sent(self, id: UUID) -> None:
        """Note that a question was sent."""
        await self._database.execute(_QUERIES["sent"], id)

    async def unsent_questions(self, older_than: timedelta, *, limit: int = 100) -> Sequence[OpenedQuestion]:
        """Return open questions that were to be sent so long ago and may not have been, the oldest first."""
        return [opened_question(row) for row in await self._database.rows(_QUERIES["unsent"], older_than, limit)]

    def listening_for_replies(self) -> AbstractAsyncContextManager[Signal]:
        """Listen for replies to be delivered for the length of the block, on a connection of its own.

        Raises:
            StoreUnavailable: the database is away.
        """
        return self._database.listening(_CHANNEL)

    async def take_undelivered(self, lease: timedelta, *, limit: int = 100) -> Sequence[UndeliveredReply]:
        """Return replies to be delivered, the oldest of them, in any order; nobody else gets them during the lease.

        Those that somebody else tried to deliver come when as much time has passed.
        """
        rows = await self._database.rows(_QUERIES["take_undelivered"], lease, limit)
        return [
            UndeliveredReply(
                row["id"], _notice(row, Reply.model_validate(row["reply"])), row["workflow_id"], row["traceparent"]
            )
            for row in rows
        ]


async def claim_in(session: Session, id: UUID, reply: Reply, limit: ValueLimit, *, delivers: bool = False) -> Claim:
    """Take a reply within a transaction that does more; of a large one that travels what other actions read."""
    row = await session.row(_QUERIES["hold"], id)
    if row is None:
        return Claim(Verdict.UNKNOWN)
    delivered = row["delivered_at"] is not None
    verdict = judge(row["state"], RunStatus(row["status"]), row["reply_hash"], reply, delivered=delivered)
    if verdict is Verdict.RUN_ENDED and row["state"] == "open":
        await session.execute(_QUERIES["end"], id, "closed")
    if verdict is not Verdict.TAKEN:
        return Claim(verdict)
    if row["state"] == "open":
        require_port(Question.model_validate(row["question"]), reply)
        answer, bodies = fit_reply(reply, row["reads"], limit.at_most(row["largest"]))
        await put_in(session, str(row["execution_id"]), bodies)
        await session.execute(_QUERIES["answer"], id, reply_document(answer), reply_hash(reply), delivers)
        await _note_reply(session, row, answer)
    else:
        answer = Reply.model_validate(row["reply"])
    return Claim(verdict, _notice(row, answer), row["workflow_id"], row["traceparent"])


async def close_all_in(session: Session, execution_id: UUID | None) -> None:
    """Close what nobody answered, with its run."""
    await _closed(session, await session.rows(_QUERIES["close_all"], execution_id))


async def withdraw_in(session: Session, id: UUID) -> None:
    """Close a question, and an approval with it, unless it is answered."""
    await _closed(session, await session.rows(_QUERIES["withdraw"], id))


async def _closed(session: Session, rows: Sequence[asyncpg.Record]) -> None:
    for row in rows:
        if row["is_approval"]:
            await resolve_in(session, row["id"], EXPIRED)


def opened_question(row: asyncpg.Record) -> OpenedQuestion:
    """Read a question from its row."""
    question = Question.model_validate(row["question"])
    return OpenedQuestion(
        id=row["id"],
        expires=row["expires_at"],
        question=question,
        waits=row["state"] == "open",
        traceparent=row["traceparent"],
        refusal=Reply.model_validate(row["reply"]).refusal if row["reply"] else None,
    )


def storable_reply(reply: Reply) -> Reply:
    """Return a reply as the database can hold it; a result that names no port leaves by the default one."""
    document = storable(reply_document(reply))
    result = document.get("result")
    if isinstance(result, dict):
        result.setdefault("output", SUCCESS)
    return Reply.model_validate(document)


def as_action_error(reply: Reply) -> ActionError | None:
    """Return the error that an action ends with by this reply, None where it has a result."""
    if reply.error is None:
        return None
    return ActionError(reply.error.message, type=reply.error.type, retryable=reply.error.retryable)


def _notice(row: asyncpg.Record, reply: Reply) -> ReplyNotice:
    return ReplyNotice(action_key=row["action_key"], ask=row["ask"], reply=reply)


async def _note_reply(session: Session, row: asyncpg.Record, reply: Reply) -> None:
    error = as_action_error(reply)
    if error is not None:
        await _note(session, row, "action_failed", error.as_json())
    else:
        await _note(session, row, "action_completed", reply.result)


async def _note_timeout(session: Session, row: asyncpg.Record) -> None:
    on_timeout = Question.model_validate(row["question"]).on_timeout
    if on_timeout is not None:
        await _note(session, row, "action_completed", on_timeout)
    else:
        await _note(session, row, "action_failed", LATE.as_json())


async def _note(session: Session, row: asyncpg.Record, query: str, value: Any) -> None:
    await session.execute(_QUERIES[query], row["execution_id"], row["action_key"], value)
