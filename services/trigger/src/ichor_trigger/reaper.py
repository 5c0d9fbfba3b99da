"""The part `reaper`: finds runs whose record and Temporal disagree, and puts the record right by what Temporal says."""

from collections.abc import Awaitable
from datetime import timedelta

import structlog
from ichor_edgestore import EdgeStore, PinnedRun, RunningRun
from ichor_models import ExecutionId, RunRecord, RunStatus
from ichor_service import Part, Unreachable, outages, reason
from structlog.contextvars import bound_contextvars

from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links
from ichor_trigger.rounds import Rounds, each
from ichor_trigger.run_starter import RunStarter
from ichor_trigger.standing import Standing, lost, standing

_PERIOD = 5.0
_PATIENCE = timedelta(seconds=30)
"""How long whoever wrote `pending` has to start the run."""
_CERTAINTY = timedelta(minutes=1)
"""How long ago a run was pinned that may be lost."""
_PENDING_A_ROUND = 50
_RUNNING_A_ROUND = 100
_log = structlog.stdlib.get_logger(__name__)


def reaper(links: Links) -> Part:
    """Return the part."""
    rounds = Rounds("reaper", links, Reaper(links).round, _PERIOD)
    return Part(rounds.run, {"reaper": rounds.probe})


class Reaper:
    """Goes through the runs that have not ended, a part of them each round.

    Any number may work side by side: a workflow starts once for its id, and the first end of a record stays.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._launcher = Launcher(links.temporal, links.settings.task_queue)
        self._place: RunningRun | None = None

    async def round(self) -> None:
        """Look at the runs that have been pending for long, and at the next of those that are running."""
        await each(await self._store.pending_runs(_PATIENCE, limit=_PENDING_A_ROUND), self._look_at_pending)
        running = await self._store.running_runs(_CERTAINTY, after=self._place, limit=_RUNNING_A_ROUND)
        await each(running, self._look_at_running)
        self._place = running[-1] if len(running) == _RUNNING_A_ROUND else None

    async def _look_at_pending(self, pinned: PinnedRun) -> None:
        run = pinned.request.run
        with bound_contextvars(rule_id=run.rule_id, rule=run.rule_name, event_id=run.event.event_id):
            await _by_itself(pinned.execution_id, pinned.workflow_id, self._mend_pending(pinned))

    async def _look_at_running(self, run: RunningRun) -> None:
        await _by_itself(run.execution_id, run.workflow_id, self._mend_running(run))

    async def _mend_pending(self, pinned: PinnedRun) -> None:
        found = await standing(self._links.temporal.opened, pinned.workflow_id)
        if found is Standing.UNKNOWN:
            await RunStarter(self._store, self._launcher).start_pinned(pinned)
        elif found is Standing.UNDER_WAY:
            await self._store.run_started(pinned.execution_id)
        else:
            await self._end(pinned.execution_id, RunStatus.PENDING, found)

    async def _mend_running(self, run: RunningRun) -> None:
        found = await standing(self._links.temporal.opened, run.workflow_id)
        if found is Standing.UNKNOWN:
            await self._end(run.execution_id, RunStatus.RUNNING, lost())
        elif found is not Standing.UNDER_WAY:
            await self._end(run.execution_id, RunStatus.RUNNING, found)

    async def _end(self, execution_id: ExecutionId, was: RunStatus, record: RunRecord) -> None:
        await self._store.run_ended(execution_id, record)
        _log.warning("record put right", was=was, now=record.status, error=record.error, error_type=record.error_type)

    @property
    def _store(self) -> EdgeStore:
        return self._links.store.opened


async def _by_itself(execution_id: ExecutionId, workflow_id: str, mending: Awaitable[None]) -> None:
    """Mend one run; what is wrong with it harms no other."""
    with bound_contextvars(execution_id=execution_id, workflow_id=workflow_id):
        try:
            with outages():
                await mending
        except Unreachable:
            raise
        except Exception as error:
            _log.error("record not put right", reason=reason(error))
