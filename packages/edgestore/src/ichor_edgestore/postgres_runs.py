"""Runs in PostgreSQL: pinned once per rule and event, written down as they go."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from ichor_models import (
    EntityEvent,
    EventHeader,
    EventId,
    EventType,
    ExecutionId,
    Firing,
    Graph,
    ManualStart,
    Match,
    RuleId,
    RunOptions,
    RunRecord,
    RunStatus,
    VersionHash,
    event_header,
    workflow_id,
)
from ichor_models.strict_json import storable
from pydantic import JsonValue

from ichor_edgestore.action_view import JournalEntry, ended_actions, first_start, live_actions, stored_actions
from ichor_edgestore.awaited_reply import AwaitedReply
from ichor_edgestore.database import Database
from ichor_edgestore.errors import ConstraintViolated, NotRerunnable, RuleNotFound, RunNotFound, inactive
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.open_run import OpenRun, OpenStatus
from ichor_edgestore.pinned_run import CheckStructure, KnownStructures, PinnedRun, RunRow, stored_header
from ichor_edgestore.postgres_questions import close_all_in
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.rule_loader import load_stored_rule
from ichor_edgestore.run_filter import ALL_RUNS, RunFilter
from ichor_edgestore.run_view import Cancellation, RunSummary, RunView, ended
from ichor_edgestore.stored_rule import StoredRule

_QUERIES = load_queries("runs")


class PostgresRuns:
    """Pins, writes down and shows runs."""

    def __init__(self, database: Database, check_structure: CheckStructure) -> None:
        self._database = database
        self._check_structure = KnownStructures(check_structure)
        self._versions: set[VersionHash] = set()

    async def pin_run(self, rule_id: RuleId, event: EntityEvent, *, source: str = "automation") -> PinnedRun:
        """Return the one run of a rule for an event, made now with the graph as it is or found with the graph it has.

        Where the graph or the limits of the rule are broken the new run is failed already, and says what is wrong.

        Raises:
            RuleNotFound: there is no such rule.
        """
        stored = await load_stored_rule(self._database, rule_id)
        run = _new_run(stored, event_header(event), event.trigger_data(), 0)
        return await self._only(run.checked(self._check_structure), source)

    async def stop_run(self, match: Match, event: EntityEvent) -> PinnedRun:
        """Write down, once per rule and event, that a cascade stops at a rule: a cancelled run, which never starts.

        Raises:
            RuleNotFound: there is no such rule.
        """
        stored = await load_stored_rule(self._database, match.rule_id)
        run = _new_run(stored, event_header(event), event.trigger_data(), 0)
        return await self._only(run.stopped(match.because), "automation")

    async def pin_start(self, start: ManualStart) -> PinnedRun:
        """Return the one run of a start by hand, made now with the graph as it is or found with the graph it has.

        Raises:
            RuleNotFound: there is no such rule.
            RuleInactive: it is not active, and there is no such run yet.
        """
        if found := await self._of_event(start.rule_id, start.event_id):
            return found
        stored = await load_stored_rule(self._database, start.rule_id)
        if not stored.is_active:
            raise inactive(stored.rule_id)
        event = start.event(stored.entity)
        run = _new_run(stored, event, start.trigger_data(event), 0)
        return await self._only(run.checked(self._check_structure), "manual")

    async def pin_firing(self, firing: Firing) -> PinnedRun | None:
        """Return the one run of a firing, made now with the graph as it is or found with the graph it has.

        None where there is none and the rule is gone, inactive or no longer scheduled.
        """
        if found := await self._of_event(firing.rule_id, firing.event_id):
            return found
        try:
            stored = await load_stored_rule(self._database, firing.rule_id)
        except RuleNotFound:
            return None
        if not stored.is_active or stored.event != EventType.SCHEDULED:
            return None
        event = firing.event(stored.entity)
        run = _new_run(stored, event, event.model_dump(mode="json", exclude_none=True), 0)
        run = replace(run, workflow_id=firing.workflow_id).checked(self._check_structure)
        return await self._insert(run, "automation", 0) or await self._of_event(stored.rule_id, firing.event_id)

    async def rerun(self, execution_id: ExecutionId) -> PinnedRun:
        """Pin a repeat of a run: its trigger data and event, the rule's graph as it is now.

        Raises:
            RunNotFound: there is no such run.
            NotRerunnable: it has no rule or no trigger data.
        """
        row = await self._database.row(_QUERIES["to_rerun"], as_uuid(execution_id))
        if row is None:
            raise RunNotFound(f"There is no run with the id {execution_id}.")
        if row["automation_rules_id"] is None or not isinstance(row["trigger_data"], dict):
            raise NotRerunnable(f"The run {execution_id} has no rule or no trigger data, so it cannot be repeated.")
        stored = await load_stored_rule(self._database, RuleId(str(row["automation_rules_id"])))
        event = stored_header(row["event"], row["event_id"], row["entity_type"], row["trigger_data"])
        number: int = row["next_rerun"]
        while True:
            run = _new_run(stored, event, row["trigger_data"], number).checked(self._check_structure)
            if pinned := await self._insert(run, "manual", number):
                return pinned
            number += 1

    async def run_started(self, execution_id: ExecutionId) -> None:
        """Note that a run is under way; one that ended stays ended.

        Raises:
            RunNotFound: there is no such run.
        """
        key = as_uuid(execution_id)
        if not await self._database.execute(_QUERIES["start"], key):
            await self._require_run(key)

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> bool:
        """Write down how a run ended, with each action's outcome; the first end stays. Say whether this is it.

        What it asks ends with it. Where the record has no actions those of the journal are written.

        Raises:
            RunNotFound: there is no such run.
        """
        key = as_uuid(execution_id)
        actions = ended_actions(record, await self._journal(key))
        documents = [view.document() for view in actions]
        outcome = (str(record.status), storable(record.error), record.error_type, documents, first_start(actions))
        async with self._database.transaction() as session:
            is_first = await session.execute(_QUERIES["end"], key, *outcome)
            if is_first:
                # A statement of its own: it must see what was asked while the one before waited for the row.
                await close_all_in(session, key)
        if is_first:
            return True
        await self._require_run(key)
        return False

    async def open_runs(
        self, status: OpenStatus, older_than: timedelta, *, after: OpenRun | None = None, limit: int = 100
    ) -> Sequence[OpenRun]:
        """Return runs of a status that were pinned so long ago, the oldest first, those behind `after`."""
        place = (after.created, as_uuid(after.execution_id)) if after else (None, None)
        rows = await self._database.rows(_QUERIES[status.value], older_than, *place, limit)
        return [OpenRun(ExecutionId(str(row["id"])), row["workflow_id"], status, row["created"]) for row in rows]

    async def pinned_run(self, execution_id: ExecutionId) -> PinnedRun:
        """Return a run as it was pinned, with the status that it has now.

        Raises:
            RunNotFound: there is no such run.
        """
        row = await self._database.row(_QUERIES["pinned"], as_uuid(execution_id))
        if row is None:
            raise RunNotFound(f"There is no run with the id {execution_id}.")
        return _run_row(row).pinned(created=False)

    async def request_cancel(self, run: str, by: str | None, reason: str | None) -> OpenRun:
        """Note that somebody asks to cancel a run, by the id of its row or workflow; the first request stays.

        Raises:
            RunNotFound: there is no such run of this engine.
            RunEnded: it has ended.
        """
        row = await self._database.row(_QUERIES["request_cancel"], as_uuid(run), run, storable(by), storable(reason))
        if row is None:
            raise ended(await self.get_run(run))
        status = RunStatus.PENDING if row["status"] == RunStatus.PENDING else RunStatus.RUNNING
        return OpenRun(ExecutionId(str(row["id"])), row["workflow_id"], status, row["created"])

    async def home_namespace(self, namespace_id: str) -> str:
        """Return the id of the Temporal namespace that carries the runs: this one where none was noted before."""
        await self._database.execute(_QUERIES["settle"], namespace_id)
        row = await self._database.row(_QUERIES["home"])
        return row["id"] if row else namespace_id

    async def forget_home(self) -> None:
        """Forget which namespace carries the runs: that is gone, and the next one that is asked about carries them."""
        await self._database.execute(_QUERIES["forget"])

    async def list_runs(self, wanted: RunFilter = ALL_RUNS) -> Sequence[RunSummary]:
        """Return runs, the newest first."""
        place = (wanted.after.created, as_uuid(wanted.after.execution_id)) if wanted.after else (None, None)
        rows = await self._database.rows(
            _QUERIES["list"],
            as_uuid(wanted.rule_id),
            wanted.entity_name,
            [str(status) for status in wanted.statuses],
            wanted.since,
            wanted.before,
            *place,
            wanted.limit,
        )
        return [RunSummary.model_validate(_summary(row)) for row in rows]

    async def get_run(self, run: str) -> RunView:
        """Return a run by the id of its row or of its workflow.

        Raises:
            RunNotFound: there is no such run of this engine.
        """
        row = await self._database.row(_QUERIES["view"], as_uuid(run), run)
        if row is None:
            raise RunNotFound(f"There is no run with the id {run}.")
        summary = _summary(row)
        awaited: list[asyncpg.Record] = []
        if summary["status"].ended:
            actions = stored_actions(row["actions_executed"])
        else:
            actions = live_actions(await self._journal(row["id"]))
            awaited = await self._database.rows(_QUERIES["awaited"], row["id"])
        return RunView(
            **summary,
            trigger_data=row["trigger_data"],
            graph_version=row["graph_version"],
            graph=Graph.model_validate(row["content"]),
            actions=tuple(actions),
            awaits=tuple(AwaitedReply.model_validate(dict(item)) for item in awaited),
            cancellation=_cancellation(row),
        )

    async def _require_run(self, key: UUID | None) -> None:
        if await self._database.row(_QUERIES["exists"], key) is None:
            raise RunNotFound(f"There is no run with the id {key}.")

    async def _only(self, run: RunRow, source: str) -> PinnedRun:
        """Return the one run of a rule and an event: this one, or the one that is there."""
        while True:
            pinned = await self._insert(run, source, 0) or await self._of_event(run.rule_id, run.event.event_id)
            if pinned is not None:
                return pinned
            # The id is that of a repeat of another event, whose id this one's continues.
            run = replace(run, workflow_id=f"{run.workflow_id}.0")

    async def _insert(self, run: RunRow, source: str, number: int) -> PinnedRun | None:
        """Write a new run's row; None where the rule has one for this event already."""
        version = run.graph.version
        content = None if version in self._versions else run.graph.model_dump(mode="json")
        try:
            made = await self._database.row(_QUERIES["insert"], *_columns(run, source, number), content)
        except ConstraintViolated:
            if content is not None:
                raise
            self._versions.clear()
            return await self._insert(run, source, number)
        self._versions.add(version)
        return run.pinned(created=True) if made else None

    async def _of_event(self, rule_id: RuleId, event_id: EventId) -> PinnedRun | None:
        row = await self._database.row(_QUERIES["of_event"], as_uuid(rule_id), event_id)
        return _run_row(row).pinned(created=False) if row else None

    async def _journal(self, execution_id: UUID | None) -> list[JournalEntry]:
        rows = await self._database.rows(_QUERIES["journal"], execution_id)
        return [JournalEntry.model_validate(dict(row)) for row in rows]


def _new_run(stored: StoredRule, event: EventHeader, trigger_data: dict[str, JsonValue], number: int) -> RunRow:
    options, problems = stored.limits()
    return RunRow(
        execution_id=ExecutionId(str(uuid4())),
        rule_id=stored.rule_id,
        rule_name=stored.name,
        event=event,
        workflow_id=workflow_id(stored.rule_id, event.event_id, number),
        status=RunStatus.PENDING,
        trigger_data=trigger_data,
        graph=stored.graph,
        options=options,
        problems=problems,
    )


def _run_row(row: asyncpg.Record) -> RunRow:
    return RunRow(
        execution_id=ExecutionId(str(row["id"])),
        rule_id=RuleId(str(row["automation_rules_id"])),
        rule_name=row["rule_name"],
        event=EventHeader.model_validate(row["event"]),
        workflow_id=row["workflow_id"],
        status=RunStatus(row["status"]),
        trigger_data=row["trigger_data"],
        graph=Graph.model_validate(row["content"]),
        options=RunOptions.model_validate(row["options"] or {}),
        error=row["error_message"],
        error_type=row["error_type"],
    )


def _columns(run: RunRow, source: str, number: int) -> tuple[object, ...]:
    """Return the parameters of the statement `insert`, up to the version's content."""
    return (
        UUID(run.execution_id),
        UUID(run.rule_id),
        run.event.entity_name or "",
        run.trigger_data,
        str(run.status),
        storable(run.error),
        run.error_type,
        source,
        run.event.event_id,
        number,
        run.workflow_id,
        run.event.model_dump(mode="json", exclude_none=True),
        run.options.model_dump(mode="json", exclude_defaults=True),
        run.graph.version,
    )


def _summary(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "execution_id": str(row["id"]),
        "workflow_id": row["workflow_id"],
        "rule_id": str(row["automation_rules_id"]) if row["automation_rules_id"] else None,
        "rule_name": row["rule_name"],
        "event_id": row["event_id"],
        "entity_name": row["entity_type"],
        "rerun": row["rerun"],
        "source": row["trigger_source"],
        "status": RunStatus(row["status"]),
        "error": row["error_message"],
        "error_type": row["error_type"],
        "created": row["created"],
        "started": row["started_at"],
        "ended": row["ended_at"],
        "duration_ms": row["execution_time_ms"],
    }


def _cancellation(row: asyncpg.Record) -> Cancellation | None:
    if row["cancel_requested"] is None:
        return None
    return Cancellation(requested=row["cancel_requested"], by=row["cancel_requested_by"], reason=row["cancel_reason"])
