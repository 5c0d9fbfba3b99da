"""The part `reaper`: finds runs whose record and Temporal disagree, and puts the record right by what Temporal says."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from ichor_edgestore import EdgeStore, OpenRun, OpenStatus
from ichor_models import RunRecord, RunStatus
from ichor_service import (
    Part,
    Stop,
    Unreachable,
    is_tracing,
    outages,
    reason,
    record_run,
    require_home,
    side_by_side,
    trace_of_workflow,
)
from structlog.contextvars import bound_contextvars
from temporalio.service import RPCError

from ichor_trigger.collector import PERIOD, Collector
from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links
from ichor_trigger.rounds import Rounds, each
from ichor_trigger.run_starter import RunStarter
from ichor_trigger.standing import Standing, lost, standing

_PERIOD = 5.0
_PATIENCE: Mapping[OpenStatus, timedelta] = {
    RunStatus.PENDING: timedelta(seconds=30),
    RunStatus.RUNNING: timedelta(minutes=1),
}
"""How long ago a run was pinned that is looked at; who wrote `pending` needs some time to start it."""
_A_ROUND = 100
_log = structlog.stdlib.get_logger(__name__)


def reaper(links: Links) -> Part:
    """Return the part; it collects large values, too."""
    rounds = Rounds("reaper", links, Reaper(links).round, _PERIOD)
    collection = Rounds("collector", links, Collector(links).round, PERIOD)

    async def work(stop: Stop) -> None:
        await side_by_side([Part(rounds.run), Part(collection.run)], stop)

    return Part(work, {"reaper": rounds.probe, "collector": collection.probe})


class Reaper:
    """Goes through the runs that have not ended, a part of them each round.

    Any number may work side by side: a workflow starts once for its id, and the first end of a record stays.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._launcher = Launcher(links)
        self._places: dict[OpenStatus, OpenRun | None] = {}

    async def round(self) -> None:
        """Look at the next of those runs that are pending, and of those that are running, for long."""
        with outages():
            await require_home(self._links.temporal.opened, self._store)
            runs = [run for status in _PATIENCE for run in await self._next(status)]
        await each(runs, self._look_at)

    async def _next(self, status: OpenStatus) -> Sequence[OpenRun]:
        """Return the next runs; also where they cannot be looked at, others come after them."""
        after = self._places.get(status)
        runs = await self._store.open_runs(status, _PATIENCE[status], after=after, limit=_A_ROUND)
        self._places[status] = runs[-1] if len(runs) == _A_ROUND else None
        return runs

    async def _look_at(self, run: OpenRun) -> None:
        """Put one record right; what is wrong with it harms no other."""
        with bound_contextvars(execution_id=run.execution_id, workflow_id=run.workflow_id):
            try:
                with outages():
                    await self._mend(run)
            except Unreachable:
                raise
            except Exception as error:
                _log.error("record not put right", reason=reason(error))

    async def _mend(self, run: OpenRun) -> None:
        found = await standing(self._links.temporal.opened, run.workflow_id)
        match run.status, found:
            case _, RunRecord():
                await self._end(run, found)
            case RunStatus.PENDING, Standing.UNKNOWN:
                pinned = await self._store.pinned_run(run.execution_id)
                await RunStarter(self._store, self._launcher).start_pinned(pinned)
            case RunStatus.PENDING, Standing.UNDER_WAY:
                await self._store.run_started(run.execution_id)
            case RunStatus.RUNNING, Standing.UNKNOWN:
                await self._end(run, lost())
            case _, Standing.NOT_BEGUN | Standing.UNDER_WAY:
                return

    async def _end(self, run: OpenRun, record: RunRecord) -> None:
        # Usually it was just recorded by the run itself, between the two looks.
        if await self._store.run_ended(run.execution_id, record):
            facts = {"was": run.status, "now": record.status, "error": record.error, "error_type": record.error_type}
            _log.warning("record put right", **facts)
            if is_tracing():
                await self._trace(run)

    async def _trace(self, run: OpenRun) -> None:
        try:
            traced = await trace_of_workflow(self._links.temporal.opened, run.workflow_id)
        except RPCError as error:
            _log.warning("the run is not in its trace", reason=reason(error))
        else:
            await record_run(self._store, run.execution_id, traced)

    @property
    def _store(self) -> EdgeStore:
        return self._links.store.opened
