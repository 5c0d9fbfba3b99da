"""The journal of actions in memory, for tests and for trying things out."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ichor_models import (
    NO_BODIES,
    ActionCall,
    ActionError,
    Begun,
    CausedEvents,
    EntityEvent,
    OpenedQuestion,
    Person,
    Question,
    RowChange,
    VoteResult,
    VoteVerdict,
    question_id,
)
from pydantic import JsonValue

from ichor_edgestore.action_view import JournalEntry
from ichor_edgestore.memory_values import MemoryValues

if TYPE_CHECKING:
    from ichor_edgestore.memory_approvals import MemoryApprovals


class MemoryJournal:
    """Implements `ichor_models.ActionJournal`, as `Journal` does; there is no SQL in memory."""

    def __init__(self) -> None:
        self.values = MemoryValues()
        self._entries: dict[tuple[str, str], JournalEntry] = {}
        self.emitted: list[EntityEvent] = []
        """The events of transactions that were committed."""

        self.questions: MemoryApprovals | None = None
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    def entries(self, execution_id: str) -> list[JournalEntry]:
        """Return what is written of a run."""
        return [entry for (execution, _), entry in self._entries.items() if execution == execution_id]

    async def started(self, call: ActionCall) -> Begun:
        async with self._locks[_key(call)]:
            known = self._entries.get(_key(call))
            if known is not None and known.state == "completed":
                return Begun(known.attempts, known.result)
            attempt, failure = (known.attempts + 1, known.error) if known else (1, None)
            self._write(call, self._entry(call), attempts=attempt, state="running", error=None, ended=None)
            return Begun(attempt, None, failure)

    async def completed(
        self, call: ActionCall, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES
    ) -> None:
        await self.values.put(call.run.execution_id, bodies)
        entry = self._entry(call)
        if entry.state != "completed":
            self._write(call, entry, state="completed", result=dict(result), error=None, ended=datetime.now(UTC))

    async def failed(self, call: ActionCall, error: ActionError) -> None:
        entry = self._entry(call)
        if entry.state != "completed":
            self._write(call, entry, state="failed", error=error.as_json(), ended=datetime.now(UTC))

    def failed_for_good(self, call: ActionCall) -> bool:
        """Say whether an action failed in a way that no further attempt mends."""
        entry = self._entry(call)
        return entry.state == "failed" and entry.error is not None and entry.error["retryable"] is False

    def overrule(self, call: ActionCall, error: ActionError) -> None:
        """Write that an action failed although it completed: its result cannot be brought to its run."""
        entry = self._entry(call)
        self._write(call, entry, state="failed", result=None, error=error.as_json(), ended=datetime.now(UTC))

    async def withdraw(self, call: ActionCall) -> None:
        if self.questions is not None:
            self.questions.withdraw(call)

    @asynccontextmanager
    async def transaction(self, call: ActionCall) -> AsyncGenerator["MemoryTransaction"]:
        async with self._locks[_key(call)]:
            entry = self._entry(call)
            self._write(call, entry)
            recorded = entry.result if entry.state == "completed" else None
            transaction = MemoryTransaction(call, recorded, self.questions)
            yield transaction
            self.emitted.extend(transaction.emitted)
            if transaction.result is not None:
                await self.completed(call, transaction.result, transaction.bodies)
            if transaction.asked is not None and self.questions is not None:
                self.questions.open(call, transaction.asked)

    def _entry(self, call: ActionCall) -> JournalEntry:
        return self._entries.get(_key(call)) or JournalEntry(
            key=call.key, name=call.name, type=call.type, state="running", attempts=1, started=datetime.now(UTC)
        )

    def _write(self, call: ActionCall, entry: JournalEntry, **changes: Any) -> None:
        self._entries[_key(call)] = entry.model_copy(update=changes)


class MemoryTransaction:
    """Implements `ichor_models.Transaction`."""

    def __init__(
        self, call: ActionCall, recorded: dict[str, JsonValue] | None, questions: "MemoryApprovals | None" = None
    ) -> None:
        self._call = call
        self._recorded = recorded
        self._questions = questions
        self.result: dict[str, JsonValue] | None = None
        self.bodies: Mapping[str, bytes] = NO_BODIES
        self.emitted: list[EntityEvent] = []
        self._caused = CausedEvents(call)
        self.asked: Question | None = None

    @property
    def recorded(self) -> dict[str, JsonValue] | None:
        """Return the result that an earlier attempt committed."""
        return self._recorded

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Mapping[str, Any]]:
        raise ActionError("The store in memory has no SQL.", type="memory")

    async def execute(self, query: str, *arguments: Any) -> int:
        raise ActionError("The store in memory has no SQL.", type="memory")

    async def emit(self, *changes: RowChange) -> None:
        self.emitted.extend(self._caused.of(change) for change in changes)

    async def question(self) -> OpenedQuestion | None:
        return self._questions.opened(self._call) if self._questions else None

    async def ask(self, question: Question) -> OpenedQuestion:
        if self._questions is not None:
            self._questions.require_run(self._call)
        self.asked = question
        return OpenedQuestion(
            id=question_id(self._call), expires=datetime.now(UTC) + question.timeout, question=question
        )

    async def vote(self, approval_id: UUID, person: Person, *, approves: bool, reason: str | None) -> VoteResult:
        if self._questions is None:
            return VoteResult(verdict=VoteVerdict.UNKNOWN)
        return await self._questions.vote(approval_id, person, approves=approves, reason=reason)

    async def record(self, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES) -> None:
        if self._recorded is not None or self.result is not None:
            message = f"The action {self._call.name!r} of this run has a result already."
            raise ActionError(message, type="database")
        self.result, self.bodies = dict(result), bodies


def _key(call: ActionCall) -> tuple[str, str]:
    return call.run.execution_id, call.key
