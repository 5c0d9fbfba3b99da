"""A run that its record says is under way."""

from dataclasses import dataclass
from datetime import datetime

from ichor_models import ExecutionId


@dataclass(frozen=True, slots=True)
class RunningRun:
    """What asks Temporal about the run; `created` and its id are its place among all that run."""

    execution_id: ExecutionId
    workflow_id: str
    created: datetime
