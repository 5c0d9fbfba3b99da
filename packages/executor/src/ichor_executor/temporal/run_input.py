"""The one argument of the workflow: the request, what an earlier run carried over, or the rule of a schedule."""

from dataclasses import dataclass
from datetime import datetime

from ichor_models import RuleId, RunRequest
from pydantic import BaseModel

from ichor_executor.recorder import Notes
from ichor_executor.state import State


@dataclass
class Carried:
    """What a run hands to the run that continues it; `deadline` is the chain's, from its first run on."""

    state: State
    notes: Notes
    deadline: datetime | None


class Scheduled(BaseModel):
    """What a schedule starts a run with, the same at each firing."""

    rule_id: RuleId


class RunInput(BaseModel):
    """What `ExecuteGraphWorkflow` is started with; `carried` is there where it continues an earlier run.

    Where a schedule started it there is no `request`: the run then begins by pinning one (`ichor.pin_firing`).
    """

    request: RunRequest | None = None
    carried: Carried | None = None
    scheduled: Scheduled | None = None
