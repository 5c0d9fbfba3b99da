"""The journal of actions: that each started, and its result, at most one, together with its effects.

Two attempts of one action never act side by side: a transaction holds the action's row, and the attempt that waited
finds the result that the first one committed.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from ichor_models import (
    NO_BODIES,
    ActionCall,
    ActionError,
    Begun,
    CausedEvents,
    OpenedQuestion,
    Person,
    Question,
    RowChange,
    VoteResult,
    next_lineage,
    question_id,
)
from ichor_models.strict_json import storable
from pydantic import JsonValue

from ichor_edgestore.approval_rows import open_in
from ichor_edgestore.database import Database, Session
from ichor_edgestore.errors import AlreadyRecorded, RunOver
from ichor_edgestore.failure import action_errors
from ichor_edgestore.postgres_approvals import vote_in
from ichor_edgestore.postgres_questions import opened_question, withdraw_in
from ichor_edgestore.postgres_values import PostgresValues, put_in
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.role_query import RoleQuery

_QUERIES = load_queries("journal")
_EMIT = load_queries("outbox")["emit"]
_QUESTIONS = load_queries("questions")


class Journal:
    """Implements `ichor_models.ActionJournal`; failures of the store are `ActionError`s that say if a retry helps."""

    def __init__(self, database: Database, roles: RoleQuery) -> None:
        self._database = database
        self._roles = roles
        self.values = PostgresValues(database)

    async def started(self, call: ActionCall) -> Begun:
        """Note an attempt and count it, unless an earlier one completed the action."""
        with action_errors():
            row = await self._database.row(_QUERIES["started"], *_action(call))
        return Begun(row["attempts"], row["recorded"], row["failure"]) if row else Begun(1, None)

    async def completed(
        self, call: ActionCall, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES
    ) -> None:
        """Note the result of an action whose effects are not in our database; the first result stays."""
        with action_errors():
            await put_in(self._database, call.run.execution_id, bodies)
            await self._database.execute(_QUERIES["completed"], *_action(call), dict(result))

    async def failed(self, call: ActionCall, error: ActionError) -> None:
        """Note the error of an attempt, unless the action has a result."""
        with action_errors():
            await self._database.execute(_QUERIES["failed"], *_action(call), storable(error.as_json()))

    async def withdraw(self, call: ActionCall) -> None:
        """Close the question of a call that failed for good, unless it is answered."""
        with action_errors():
            async with self._database.transaction() as session:
                await withdraw_in(session, question_id(call))

    @asynccontextmanager
    async def transaction(self, call: ActionCall) -> AsyncGenerator["JournalTransaction"]:
        """Open a transaction that holds the action's row; what raises in it leaves no effect.

        Raises:
            ActionError: the store is unavailable or refuses a statement.
        """
        with action_errors():
            async with self._database.transaction() as session:
                yield JournalTransaction(session, call, await _hold(session, call), self._roles)


class JournalTransaction:
    """Implements `ichor_models.Transaction`."""

    def __init__(
        self, session: Session, call: ActionCall, recorded: dict[str, JsonValue] | None, roles: RoleQuery
    ) -> None:
        self._session = session
        self._roles = roles
        self._call = call
        self._recorded = recorded
        self._caused = CausedEvents(call)

    @property
    def recorded(self) -> dict[str, JsonValue] | None:
        """Return the result that an earlier attempt committed; the effects are then done already."""
        return self._recorded

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Mapping[str, Any]]:
        """Run a query and return its rows."""
        with action_errors():
            return [dict(row) for row in await self._session.rows(query, *arguments)]

    async def execute(self, query: str, *arguments: Any) -> int:
        """Run a statement and return how many rows it touched."""
        with action_errors():
            return await self._session.execute(query, *arguments)

    async def emit(self, *changes: RowChange) -> None:
        """Tell other rules of changes, one event each, in this order; they are sent if the transaction is committed."""
        events = [self._caused.of(change).model_dump(mode="json") for change in changes]
        with action_errors():
            await self._session.rows(_EMIT, storable(events))

    async def question(self) -> OpenedQuestion | None:
        """Return the question that an earlier attempt opened; the effects are then done already."""
        with action_errors():
            row = await self._session.row(_QUESTIONS["of_call"], question_id(self._call))
        return opened_question(row) if row else None

    async def ask(self, question: Question) -> OpenedQuestion:
        """Open the action's question, to be committed together with its effects.

        Raises:
            ActionError: [run_ended] the run has ended, or goes on without this action.
        """
        document = question.model_dump(mode="json", exclude_none=True)
        place = (*_action(self._call)[:2], self._call.ask)
        with action_errors():
            row = await self._session.row(
                _QUESTIONS["open"],
                question_id(self._call),
                *place,
                document,
                question.timeout,
                question.message is not None,
                self._call.reads,
                self._call.largest,
            )
            if row is None:
                raise RunOver(f"The run {self._call.run.execution_id} no longer waits for what this action asks.")
            opened = opened_question(row)
            if question.approval is not None:
                await open_in(self._session, self._call, opened, question.approval)
        return opened

    async def vote(self, approval_id: UUID, person: Person, *, approves: bool, reason: str | None) -> VoteResult:
        """Count the vote of a person on the approval of another action."""
        way = next_lineage(self._call.run)
        with action_errors():
            return await vote_in(
                self._session, self._roles, approval_id, person, approves=approves, reason=reason, lineage=way
            )

    async def record(self, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES) -> None:
        """Write the action's result and its large values, to be committed together with its effects.

        Raises:
            ActionError: the action has a result already.
        """
        key = _action(self._call)[:2]
        with action_errors():
            await put_in(self._session, self._call.run.execution_id, bodies)
            if not await self._session.execute(_QUERIES["record"], *key, dict(result)):
                raise AlreadyRecorded(f"The action {self._call.name!r} of this run has a result already.")


async def _hold(session: Session, call: ActionCall) -> dict[str, JsonValue] | None:
    """Lock the action's row, making it where `started` was not called, and return the result in it."""
    action = _action(call)
    row = await session.row(_QUERIES["hold"], *action[:2])
    if row is None:
        await session.execute(_QUERIES["open"], *action)
        row = await session.row(_QUERIES["hold"], *action[:2])
    return row["result"] if row and row["state"] == "completed" else None


def _action(call: ActionCall) -> tuple[UUID, str, str, str]:
    return UUID(call.run.execution_id), call.key, call.name, call.type
