"""The one argument of the workflow: the request, and what an earlier run of the chain carried over."""

from dataclasses import dataclass
from datetime import datetime

from ichor_models import RunRequest
from pydantic import BaseModel

from ichor_executor.recorder import Notes
from ichor_executor.state import State


@dataclass
class Carried:
    """What a run hands to the run that continues it; `deadline` is the chain's, from its first run on."""

    state: State
    notes: Notes
    deadline: datetime | None


class RunInput(BaseModel):
    """What `ExecuteGraphWorkflow` is started with; `carried` is there where it continues an earlier run."""

    request: RunRequest
    carried: Carried | None = None
