"""Runs pinned in PostgreSQL: one row per rule and event, which keeps the version of the graph that it runs."""

from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
from cachetools import LRUCache
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
    RunStatus,
    VersionHash,
    event_header,
    workflow_id,
)
from ichor_models.strict_json import storable
from pydantic import JsonValue

from ichor_edgestore.database import Database
from ichor_edgestore.errors import ConstraintViolated, NotRerunnable, RuleNotFound, RunNotFound, inactive
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.pinned_run import CheckStructure, Ended, KnownStructures, PinnedRun, RunRow, stored_header
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.rule_loader import load_stored_rule, with_stamp
from ichor_edgestore.stored_rule import StoredRule

_QUERIES = load_queries("pinned_runs")
_INSERT = with_stamp(_QUERIES["insert"])
_KNOWN_RULES = 64


class PostgresPinnedRuns:
    """Makes the one run of a rule and an event, or finds it."""

    def __init__(self, database: Database, check_structure: CheckStructure, ended: Ended) -> None:
        self._database = database
        self._check_structure = KnownStructures(check_structure)
        self._versions: set[VersionHash] = set()
        self._rules: LRUCache[RuleId, StoredRule] = LRUCache(_KNOWN_RULES)
        self._ended = ended

    async def pin_run(self, rule_id: RuleId, event: EntityEvent, *, source: str = "automation") -> PinnedRun:
        """Return the one run of a rule for an event, made now with the graph as it is or found with the graph it has.

        Where the graph or the limits of the rule are broken the new run is failed already, and says what is wrong.

        Raises:
            RuleNotFound: there is no such rule.
        """
        known = self._rules.get(rule_id)
        # Usually the rule is as it was for the event before: then one statement does.
        if known and (pinned := await self._insert(self._run_of(known, event), source, 0, known.stamp)):
            return pinned
        stored = self._rules[rule_id] = await load_stored_rule(self._database, rule_id)
        return await self._only(self._run_of(stored, event), source)

    def _run_of(self, stored: StoredRule, event: EntityEvent) -> RunRow:
        return _new_run(stored, event_header(event), event.trigger_data(), 0).checked(self._check_structure)

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

    async def pinned_run(self, execution_id: ExecutionId) -> PinnedRun:
        """Return a run as it was pinned, with the status that it has now.

        Raises:
            RunNotFound: there is no such run.
        """
        row = await self._database.row(_QUERIES["pinned"], as_uuid(execution_id))
        if row is None:
            raise RunNotFound(f"There is no run with the id {execution_id}.")
        return _run_row(row).pinned(created=False)

    async def _only(self, run: RunRow, source: str) -> PinnedRun:
        """Return the one run of a rule and an event: this one, or the one that is there."""
        while True:
            pinned = await self._insert(run, source, 0) or await self._of_event(run.rule_id, run.event.event_id)
            if pinned is not None:
                return pinned
            # The id is that of a repeat of another event, whose id this one's continues.
            run = replace(run, workflow_id=f"{run.workflow_id}.0")

    async def _insert(self, run: RunRow, source: str, number: int, stamp: str | None = None) -> PinnedRun | None:
        """Write a new run's row; None where the rule has one for this event already, or no longer has the stamp."""
        version = run.graph.version
        content = None if version in self._versions else run.graph.model_dump(mode="json")
        try:
            made = await self._database.row(_INSERT, *_columns(run, source, number), content, stamp)
        except ConstraintViolated:
            if content is not None:
                raise
            self._versions.clear()
            return await self._insert(run, source, number, stamp)
        self._versions.add(version)
        if made and run.status.ended:
            self._ended(run.rule_name, run.status)
        return run.pinned(created=True) if made else None

    async def _of_event(self, rule_id: RuleId, event_id: EventId) -> PinnedRun | None:
        row = await self._database.row(_QUERIES["of_event"], as_uuid(rule_id), event_id)
        return _run_row(row).pinned(created=False) if row else None


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
