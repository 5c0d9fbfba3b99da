"""A run that has not ended, as its record says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ichor_models import ExecutionId, RunStatus

type OpenStatus = Literal[RunStatus.PENDING, RunStatus.RUNNING]


@dataclass(frozen=True, slots=True)
class OpenRun:
    """What asks Temporal about the run; `created` and its id are its place among all of its status."""

    execution_id: ExecutionId
    workflow_id: str
    status: OpenStatus
    created: datetime
