"""How a run stands in Temporal: what is asked, and what the answer means for its record.

| recorded | unknown to Temporal | not begun by a worker | under way in Temporal | closed in Temporal |
|---|---|---|---|---|
| `pending` | start it | as it should be | it is running | it ended so |
| `running` | it is lost | | as it should be | it ended so |
"""

from enum import Enum
from typing import cast

from ichor_models import RunRecord, RunStatus
from ichor_service import is_unknown
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError, TimeoutError
from temporalio.service import RPCError

TERMINATED = "terminated"
TIMEOUT = "timeout"
LOST = "lost"
_NOT_BEGUN = 3
"""How many events a run has before its first task is done: it started, and the task is scheduled, and perhaps taken.

A task that failed makes more of them: a worker has begun it, and could not go on.
"""
_CLOSED = {
    WorkflowExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
    WorkflowExecutionStatus.TERMINATED,
    WorkflowExecutionStatus.TIMED_OUT,
}


class Standing(Enum):
    """A run that has not ended in Temporal."""

    UNKNOWN = "unknown"
    NOT_BEGUN = "not begun"
    UNDER_WAY = "under way"


async def standing(client: Client, workflow_id: str) -> Standing | RunRecord:
    """Return how a run stands; the record says how it ended, without its actions.

    Raises:
        RPCError: Temporal could not be asked, or does not know our namespace.
    """
    try:
        description = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if not is_unknown(error):
            raise
        return Standing.UNKNOWN
    if description.status not in _CLOSED:
        return Standing.UNDER_WAY if description.history_length > _NOT_BEGUN else Standing.NOT_BEGUN
    try:
        result: object = await client.get_workflow_handle(workflow_id, run_id=description.run_id).result(
            follow_runs=False
        )
    except WorkflowFailureError as error:
        return _failed(error.cause)
    return _record(_status_of(result), None, None)


def lost() -> RunRecord:
    """Return the record of a run that Temporal does not know any more."""
    message = (
        "Temporal does not know this run any more, so it cannot be said how far it came. "
        "Look at what its actions did, and run it again if that is needed."
    )
    return _record(RunStatus.FAILED, message, LOST)


def _status_of(result: object) -> RunStatus:
    said = cast("dict[str, object]", result).get("status") if isinstance(result, dict) else None
    return RunStatus.PARTIAL if said == RunStatus.PARTIAL else RunStatus.COMPLETED


def _failed(cause: BaseException) -> RunRecord:
    match cause:
        case CancelledError():
            return _record(RunStatus.CANCELLED, "The run was cancelled.", "cancelled")
        case TerminatedError():
            return _record(RunStatus.FAILED, f"The workflow was terminated in Temporal: {cause.message}", TERMINATED)
        case TimeoutError():
            return _record(RunStatus.FAILED, "The workflow took longer than its time limit in Temporal.", TIMEOUT)
        case ApplicationError():
            return _record(RunStatus.FAILED, cause.message, cause.type or "run_failed")
        case _:
            return _record(RunStatus.FAILED, f"{cause}: {cause.__cause__ or 'no cause is known'}", "run_failed")


def _record(status: RunStatus, error: str | None, error_type: str | None) -> RunRecord:
    return RunRecord(status=status, error=error, error_type=error_type, actions=(), order=())
