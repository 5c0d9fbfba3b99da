"""Where a run writes down that it started and how it ended, and the engine's own activities that do so."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Protocol

from ichor_models import ExecutionId, Reply, RunRecord, UnknownRun
from temporalio import activity
from temporalio.exceptions import ApplicationError

RUN_STARTED = "ichor.run_started"
RUN_ENDED = "ichor.run_ended"
CLOSE_QUESTION = "ichor.close_question"
UNKNOWN_RUN = "unknown_run"


class RunRecords(Protocol):
    """A store of runs. Both calls may come again with the same arguments, and then change nothing.

    They raise `ichor_models.UnknownRun` where there is no such run, and any other error to be called again.
    """

    async def run_started(self, execution_id: ExecutionId) -> None:
        """Note that a run is under way; one that ended stays ended."""
        ...

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> None:
        """Note how a run ended; the first end stays."""
        ...

    async def close_question(self, execution_id: ExecutionId, action_key: str, ask: int) -> Reply | None:
        """Close a question, or return the reply that it has; either stays."""
        ...


def engine_activities(records: RunRecords) -> list[Callable[..., Any]]:
    """Return the activities that every worker of graphs must have beside its actions."""

    @activity.defn(name=RUN_STARTED)
    async def run_started(execution_id: str) -> None:
        with _final():
            await records.run_started(ExecutionId(execution_id))

    @activity.defn(name=RUN_ENDED)
    async def run_ended(execution_id: str, record: RunRecord) -> None:
        with _final():
            await records.run_ended(ExecutionId(execution_id), record)

    @activity.defn(name=CLOSE_QUESTION)
    async def close_question(execution_id: str, action_key: str, ask: int) -> Reply | None:
        with _final():
            return await records.close_question(ExecutionId(execution_id), action_key, ask)

    return [run_started, run_ended, close_question]


@contextmanager
def _final() -> Generator[None]:
    """Do not try again what no store can write down."""
    try:
        yield
    except UnknownRun as error:
        raise ApplicationError(str(error), type=UNKNOWN_RUN, non_retryable=True) from None
