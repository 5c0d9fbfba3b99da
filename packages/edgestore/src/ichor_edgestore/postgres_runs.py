"""Runs in PostgreSQL, written down as they go."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from ichor_models import (
    ExecutionId,
    Graph,
    RunRecord,
    RunStatus,
)
from ichor_models.strict_json import storable

from ichor_edgestore.action_view import JournalEntry, ended_actions, first_start, live_actions, stored_actions
from ichor_edgestore.awaited_reply import AwaitedReply
from ichor_edgestore.database import Database
from ichor_edgestore.errors import RunNotFound
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.open_run import OpenRun, OpenStatus
from ichor_edgestore.pinned_run import Ended
from ichor_edgestore.postgres_questions import close_all_in
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.run_filter import ALL_RUNS, RunFilter
from ichor_edgestore.run_view import Cancellation, RunSummary, RunView, ended

_QUERIES = load_queries("runs")


class PostgresRuns:
    """Writes down and shows runs."""

    def __init__(self, database: Database, ended: Ended) -> None:
        self._database = database
        self._ended = ended

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
            first = await session.row(_QUERIES["end"], key, *outcome)
            if first is not None:
                # A statement of its own: it must see what was asked while the one before waited for the row.
                await close_all_in(session, key)
        if first is not None:
            self._ended(first["rule_name"], record.status)
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
        return await self.known_home() or namespace_id

    async def known_home(self) -> str | None:
        """Return the id of the Temporal namespace that carries the runs, None where none was noted yet."""
        row = await self._database.row(_QUERIES["home"])
        return row["id"] if row else None

    async def forget_home(self) -> None:
        """Forget which namespace carries the runs: that is gone, and the next one that is asked about carries them."""
        await self._database.execute(_QUERIES["forget"])

    async def list_runs(self, wanted: RunFilter = ALL_RUNS) -> Sequence[RunSummary]:
        """Return runs, the newest first."""
        place = (wanted.after.created, wanted.after.execution_id) if wanted.after else (None, None)
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

    async def _journal(self, execution_id: UUID | None) -> list[JournalEntry]:
        rows = await self._database.rows(_QUERIES["journal"], execution_id)
        return [JournalEntry.model_validate(dict(row)) for row in rows]


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
