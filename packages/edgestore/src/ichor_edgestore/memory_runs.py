"""Runs in memory, for tests and for trying things out."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ichor_models import (
    EntityEvent,
    EventHeader,
    EventType,
    ExecutionId,
    Firing,
    ManualStart,
    Match,
    Rule,
    RuleId,
    RunRecord,
    RunStatus,
    event_header,
    workflow_id,
)
from ichor_models.strict_json import storable
from pydantic import JsonValue

from ichor_edgestore.action_view import ActionView, ended_actions, first_start, live_actions
from ichor_edgestore.errors import RuleNotFound, RunNotFound, inactive
from ichor_edgestore.memory_journal import MemoryJournal
from ichor_edgestore.open_run import OpenRun, OpenStatus
from ichor_edgestore.pinned_run import CheckStructure, PinnedRun, RunRow
from ichor_edgestore.run_filter import ALL_RUNS, RunFilter
from ichor_edgestore.run_view import Cancellation, RunSummary, RunView, ended


@dataclass(slots=True)
class _Kept:
    row: RunRow
    number: int
    source: str
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    actions: tuple[ActionView, ...] = ()
    cancellation: Cancellation | None = None


class MemoryRuns:
    """Pins, writes down and shows runs, as `PostgresRuns` does."""

    def __init__(
        self,
        load_rule: Callable[[RuleId], Awaitable[Rule]],
        check_structure: CheckStructure,
        journal: MemoryJournal,
    ) -> None:
        self._load_rule = load_rule
        self._check_structure = check_structure
        self._journal = journal
        self._runs: dict[str, _Kept] = {}
        self._home: str | None = None

    async def pin_run(self, rule_id: RuleId, event: EntityEvent, *, source: str = "automation") -> PinnedRun:
        rule = await self._load_rule(rule_id)
        row = _new_run(rule, event_header(event), event.trigger_data(), 0).checked(self._check_structure)
        return self._keep(row, source, 0)

    async def stop_run(self, match: Match, event: EntityEvent) -> PinnedRun:
        rule = await self._load_rule(match.rule_id)
        row = _new_run(rule, event_header(event), event.trigger_data(), 0).stopped(match.because)
        return self._keep(row, "automation", 0)

    async def pin_start(self, start: ManualStart) -> PinnedRun:
        known = self._runs.get(workflow_id(start.rule_id, start.event_id))
        if known is not None:
            return known.row.pinned(created=False)
        rule = await self._load_rule(start.rule_id)
        if not rule.is_active:
            raise inactive(start.rule_id)
        event = start.event(rule.trigger.entity)
        row = _new_run(rule, event, start.trigger_data(event), 0).checked(self._check_structure)
        return self._keep(row, "manual", 0)

    async def pin_firing(self, firing: Firing) -> PinnedRun | None:
        if firing.workflow_id in self._runs:
            return self._runs[firing.workflow_id].row.pinned(created=False)
        try:
            rule = await self._load_rule(firing.rule_id)
        except RuleNotFound:
            return None
        if not rule.is_active or rule.trigger.event is not EventType.SCHEDULED:
            return None
        event = firing.event(rule.trigger.entity)
        data = event.model_dump(mode="json", exclude_none=True)
        row = replace(_new_run(rule, event, data, 0), workflow_id=firing.workflow_id).checked(self._check_structure)
        return self._keep(row, "automation", 0)

    async def rerun(self, execution_id: ExecutionId) -> PinnedRun:
        row = self._stored_run(execution_id).row
        rule = await self._load_rule(row.rule_id)
        repeats = [kept.number for kept in self._runs.values() if _same_event(kept.row, row)]
        number = max(repeats) + 1
        again = _new_run(rule, row.event, row.trigger_data, number).checked(self._check_structure)
        return self._keep(again, "manual", number)

    async def run_started(self, execution_id: ExecutionId) -> None:
        kept = self._stored_run(execution_id)
        if kept.row.status is RunStatus.PENDING:
            kept.row = replace(kept.row, status=RunStatus.RUNNING)
            kept.started = first_start(live_actions(self._journal.entries(execution_id)), datetime.now(UTC))

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> bool:
        kept = self._stored_run(execution_id)
        if kept.row.status.ended:
            return False
        kept.row = replace(kept.row, status=record.status, error=record.error, error_type=record.error_type)
        kept.ended = datetime.now(UTC)
        kept.actions = tuple(ended_actions(record, self._journal.entries(execution_id)))
        kept.started = first_start(kept.actions, kept.started)
        return True

    async def open_runs(
        self, status: OpenStatus, older_than: timedelta, *, after: OpenRun | None = None, limit: int = 100
    ) -> Sequence[OpenRun]:
        latest = datetime.now(UTC) - older_than
        wanted = [kept for kept in self._runs.values() if kept.row.status is status and kept.created < latest]
        runs = [OpenRun(kept.row.execution_id, kept.row.workflow_id, status, kept.created) for kept in wanted]
        return [run for run in sorted(runs, key=_place) if after is None or _place(run) > _place(after)][:limit]

    async def pinned_run(self, execution_id: ExecutionId) -> PinnedRun:
        return self._stored_run(execution_id).row.pinned(created=False)

    async def request_cancel(self, run: str, by: str | None, reason: str | None) -> OpenRun:
        found = await self.get_run(run)
        kept, status = self._stored_run(found.execution_id), found.status
        if status is not RunStatus.PENDING and status is not RunStatus.RUNNING:
            raise ended(found)
        kept.cancellation = kept.cancellation or Cancellation(
            requested=datetime.now(UTC), by=storable(by), reason=storable(reason)
        )
        return OpenRun(found.execution_id, found.workflow_id, status, kept.created)

    async def home_namespace(self, namespace_id: str) -> str:
        self._home = self._home or namespace_id
        return self._home

    async def known_home(self) -> str | None:
        return self._home

    async def forget_home(self) -> None:
        self._home = None

    async def list_runs(self, wanted: RunFilter = ALL_RUNS) -> Sequence[RunSummary]:
        summaries = [_summary(kept) for kept in reversed(self._runs.values())]
        return [summary for summary in summaries if wanted.holds(summary)][: wanted.limit]

    async def get_run(self, run: str) -> RunView:
        kept = next(
            (kept for kept in self._runs.values() if run in (kept.row.execution_id, kept.row.workflow_id)), None
        )
        if kept is None:
            raise RunNotFound(f"There is no run with the id {run}.")
        live = () if kept.row.status.ended else tuple(live_actions(self._journal.entries(kept.row.execution_id)))
        return RunView(
            **_summary(kept).model_dump(),
            trigger_data=kept.row.trigger_data,
            graph_version=kept.row.graph.version,
            graph=kept.row.graph,
            actions=kept.actions or live,
            cancellation=kept.cancellation,
        )

    def status_of(self, execution_id: ExecutionId) -> tuple[RunStatus, str]:
        """Return the status of a run, and the id of its workflow."""
        row = self._stored_run(execution_id).row
        return row.status, row.workflow_id

    def _keep(self, row: RunRow, source: str, number: int) -> PinnedRun:
        known = self._runs.get(row.workflow_id)
        if known is not None:
            return known.row.pinned(created=False)
        ended = datetime.now(UTC) if row.status.ended else None
        self._runs[row.workflow_id] = _Kept(row, number, source, ended=ended)
        return row.pinned(created=True)

    def _stored_run(self, execution_id: ExecutionId) -> _Kept:
        kept = next((kept for kept in self._runs.values() if kept.row.execution_id == execution_id), None)
        if kept is None:
            raise RunNotFound(f"There is no run with the id {execution_id}.")
        return kept


def _new_run(rule: Rule, event: EventHeader, trigger_data: dict[str, JsonValue], number: int) -> RunRow:
    rule_id = RuleId(rule.id or "")
    return RunRow(
        execution_id=ExecutionId(str(uuid4())),
        rule_id=rule_id,
        rule_name=rule.name,
        event=event,
        workflow_id=workflow_id(rule_id, event.event_id, number),
        status=RunStatus.PENDING,
        trigger_data=trigger_data,
        graph=rule.graph,
        options=rule.options,
    )


def _place(run: OpenRun) -> tuple[datetime, ExecutionId]:
    return run.created, run.execution_id


def _same_event(left: RunRow, right: RunRow) -> bool:
    return (left.rule_id, left.event.event_id) == (right.rule_id, right.event.event_id)


def _summary(kept: _Kept) -> RunSummary:
    since = kept.started or kept.created
    return RunSummary(
        execution_id=kept.row.execution_id,
        workflow_id=kept.row.workflow_id,
        rule_id=kept.row.rule_id,
        rule_name=kept.row.rule_name,
        event_id=kept.row.event.event_id,
        entity_name=kept.row.event.entity_name or "",
        rerun=kept.number,
        source=kept.source,
        status=kept.row.status,
        error=kept.row.error,
        error_type=kept.row.error_type,
        created=kept.created,
        started=kept.started,
        ended=kept.ended,
        duration_ms=(kept.ended - since) // timedelta(milliseconds=1) if kept.ended else None,
    )
