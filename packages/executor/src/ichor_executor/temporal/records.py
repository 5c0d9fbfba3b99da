"""Where a run writes down that it started and how it ended, and the engine's own activities that do so.

A run that a schedule started is pinned by an activity, too: only then is it known which version it runs.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from ichor_models import ExecutionId, Firing, Reply, RuleId, RunRecord, RunRequest, RunStatus, UnknownRun
from pydantic import BaseModel
from temporalio import activity
from temporalio.exceptions import ApplicationError

PIN_FIRING = "ichor.pin_firing"
RUN_STARTED = "ichor.run_started"
RUN_ENDED = "ichor.run_ended"
CLOSE_QUESTION = "ichor.close_question"
DROP_QUESTIONS = "ichor.drop_questions"
UNKNOWN_RUN = "unknown_run"


class Pinned(Protocol):
    """A run's row, with the version of the graph that it keeps."""

    @property
    def request(self) -> RunRequest:
        """What the run executes."""
        ...

    @property
    def status(self) -> RunStatus:
        """How far the run is."""
        ...

    @property
    def error(self) -> str | None:
        """Why it failed."""
        ...

    @property
    def error_type(self) -> str | None:
        """The kind of that failure."""
        ...


class PinnedFiring(BaseModel):
    """What a run of a schedule does: its `request`; nothing where it ended before (`record`), or is not to run."""

    request: RunRequest | None = None
    record: RunRecord | None = None


class RunRecords(Protocol):
    """A store of runs. Each call may come again with the same arguments, and then changes nothing.

    They raise `ichor_models.UnknownRun` where there is no such run, and any other error to be called again.
    """

    async def pin_firing(self, firing: Firing) -> Pinned | None:
        """Return the one row of a firing, made where there is none; None for a rule that is gone or fires no more."""
        ...

    async def run_started(self, execution_id: ExecutionId) -> None:
        """Note that a run is under way; one that ended stays ended."""
        ...

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> bool:
        """Note how a run ended; the first end stays. Say whether this is it."""
        ...

    async def close_question(self, execution_id: ExecutionId, action_key: str, ask: int) -> Reply | None:
        """Close a question, or return the reply that it has; either stays."""
        ...

    async def drop_questions(self, execution_id: ExecutionId, asks: Sequence[tuple[str, int]]) -> None:
        """Close those that are open of these questions, each the key of an action and the number of its question."""
        ...


def engine_activities(records: RunRecords) -> list[Callable[..., Any]]:
    """Return the activities that every worker of graphs must have beside its actions."""

    @activity.defn(name=PIN_FIRING)
    async def pin_firing(rule_id: str) -> PinnedFiring:
        info = activity.info()
        firing = Firing(rule_id=RuleId(rule_id), workflow_id=info.workflow_id or "", started=info.scheduled_time)
        return _to_do(await records.pin_firing(firing))

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

    @activity.defn(name=DROP_QUESTIONS)
    async def drop_questions(execution_id: str, asks: list[tuple[str, int]]) -> None:
        with _final():
            await records.drop_questions(ExecutionId(execution_id), asks)

    return [pin_firing, run_started, run_ended, close_question, drop_questions]


def _to_do(pinned: Pinned | None) -> PinnedFiring:
    if pinned is None:
        return PinnedFiring()
    if not pinned.status.ended:
        return PinnedFiring(request=pinned.request)
    record = RunRecord(status=pinned.status, error=pinned.error, error_type=pinned.error_type, actions=(), order=())
    return PinnedFiring(record=record)


@contextmanager
def _final() -> Generator[None]:
    """Do not try again what no store can write down."""
    try:
        yield
    except UnknownRun as error:
        raise ApplicationError(str(error), type=UNKNOWN_RUN, non_retryable=True) from None
