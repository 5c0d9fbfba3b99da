"""Where a run writes down that it started and how it ended, and the engine's own activities that do so."""

from collections.abc import Callable
from typing import Any, Protocol

from ichor_models import ExecutionId, RunRecord
from temporalio import activity

RUN_STARTED = "ichor.run_started"
RUN_ENDED = "ichor.run_ended"


class RunRecords(Protocol):
    """A store of runs. Both calls may come again with the same arguments, and then change nothing."""

    async def run_started(self, execution_id: ExecutionId) -> None:
        """Note that a run is under way; one that ended stays ended."""
        ...

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> None:
        """Note how a run ended; the first end stays."""
        ...


def engine_activities(records: RunRecords) -> list[Callable[..., Any]]:
    """Return the activities that every worker of graphs must have beside its actions."""

    @activity.defn(name=RUN_STARTED)
    async def run_started(execution_id: str) -> None:
        await records.run_started(ExecutionId(execution_id))

    @activity.defn(name=RUN_ENDED)
    async def run_ended(execution_id: str, record: RunRecord) -> None:
        await records.run_ended(ExecutionId(execution_id), record)

    return [run_started, run_ended]
