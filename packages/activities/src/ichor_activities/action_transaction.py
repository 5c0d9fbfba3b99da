"""The transaction that a handler is given: the store's own, with errors that say what an action's author can do."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ichor_models import NO_BODIES, OpenedQuestion, Person, Question, RowChange, Transaction, VoteResult
from pydantic import JsonValue

from ichor_activities.sql_failure import refusals


class ActionTransaction:
    """Implements `ichor_models.Transaction` over the store's."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @property
    def recorded(self) -> dict[str, JsonValue] | None:
        """Return the result that an earlier attempt committed."""
        return self._transaction.recorded

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Mapping[str, Any]]:
        """Run a query and return its rows."""
        with refusals():
            return await self._transaction.fetch(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> int:
        """Run a statement and return how many rows it touched."""
        with refusals():
            return await self._transaction.execute(query, *arguments)

    async def question(self) -> OpenedQuestion | None:
        """Return the question that an earlier attempt opened."""
        return await self._transaction.question()

    async def ask(self, question: Question) -> OpenedQuestion:
        """Open the action's question; a handler returns its question instead."""
        return await self._transaction.ask(question)

    async def vote(self, approval_id: UUID, person: Person, *, approves: bool, reason: str | None) -> VoteResult:
        """Count the vote of a person on the approval of another action."""
        return await self._transaction.vote(approval_id, person, approves=approves, reason=reason)

    async def emit(self, *changes: RowChange) -> None:
        """Tell other rules of changes, one event each; they are sent if the transaction is committed."""
        with refusals():
            await self._transaction.emit(*changes)

    async def record(self, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES) -> None:
        """Write the action's result and its large values, to be committed together with its effects."""
        await self._transaction.record(result, bodies)
