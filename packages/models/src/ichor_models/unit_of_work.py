"""What an action may ask of the database: effects and the action's result in one transaction, at most once.

The store implements it (`ichor_edgestore`), the activities use it; neither imports the other.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from pydantic import JsonValue

from ichor_models.action_call import ActionCall
from ichor_models.approval import Person
from ichor_models.errors import ActionError
from ichor_models.question import OpenedQuestion, Question
from ichor_models.row_change import RowChange
from ichor_models.stored_value import NO_BODIES, ValueStore
from ichor_models.vote import VoteResult


class Begun(NamedTuple):
    """An attempt that was noted: its number, from 1, and the result that an earlier one completed with, if any.

    `failure` is the error that the last one noted; None where it noted none, as one that was lost.
    """

    attempt: int
    recorded: dict[str, JsonValue] | None
    failure: dict[str, JsonValue] | None = None


class Transaction(Protocol):
    """One open transaction of one action. Values are parameters `$1`, `$2`, …; never part of the SQL."""

    @property
    def recorded(self) -> dict[str, JsonValue] | None:
        """Return the result that an earlier attempt committed; the effects are then done already."""
        ...

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Mapping[str, Any]]:
        """Run a query and return its rows."""
        ...

    async def execute(self, query: str, *arguments: Any) -> int:
        """Run a statement and return how many rows it touched."""
        ...

    async def emit(self, *changes: RowChange) -> None:
        """Tell other rules of changes, one event each, in this order; they are sent if the transaction is committed."""
        ...

    async def record(self, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES) -> None:
        """Write the action's result, and its large values by their keys, to be committed together with its effects."""
        ...

    async def question(self) -> OpenedQuestion | None:
        """Return the question that an earlier attempt opened; the effects are then done already."""
        ...

    async def ask(self, question: Question) -> OpenedQuestion:
        """Open the action's question, to be committed together with its effects; the reply to it ends the action."""
        ...

    async def vote(self, approval_id: UUID, person: Person, *, approves: bool, reason: str | None) -> VoteResult:
        """Count the vote of a person on the approval of another action; what it decides ends that one."""
        ...


class ActionJournal(Protocol):
    """Where each action of a run is written down: that it started, and how it ended."""

    @property
    def values(self) -> ValueStore:
        """Return where large values lie."""
        ...

    async def started(self, call: ActionCall) -> Begun:
        """Note an attempt and count it, unless an earlier one completed the action."""
        ...

    async def completed(
        self, call: ActionCall, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES
    ) -> None:
        """Note the result, and its large values by their keys, of an action whose effects are not in our database."""
        ...

    async def failed(self, call: ActionCall, error: ActionError) -> None:
        """Note the error of an attempt."""
        ...

    async def withdraw(self, call: ActionCall) -> None:
        """Close the question of a call that failed for good: nobody waits for its reply any more."""
        ...

    def transaction(self, call: ActionCall) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that holds a lock on the action, so that two attempts never act side by side."""
        ...
