"""What is written down about a run when it ends."""

from pydantic import AwareDatetime, Field, JsonValue

from ichor_models.graph import EdgeType
from ichor_models.model import Model
from ichor_models.outcome import ActionState, RunStatus


def _is_absent(value: object) -> bool:
    return value is None or value == ()


class EdgeReason(Model):
    """How one incoming edge of an action that did not run was resolved, and by what."""

    source: str
    type: EdgeType
    source_output: str | None = None
    resolved: str
    because: str


class ActionRecord(Model):
    """How one action ended. `reason` is there for skipped and blocked ones.

    `config`, `result` and the times are there where the interpreter did the action itself, `result` also where it
    failed; the journal has those of the others. Of many large configs only the first ones are there.
    """

    key: str
    name: str
    type: str
    state: ActionState
    reason: tuple[EdgeReason, ...] = Field(default=(), exclude_if=_is_absent)
    config: dict[str, JsonValue] | None = Field(default=None, exclude_if=_is_absent)
    result: dict[str, JsonValue] | None = Field(default=None, exclude_if=_is_absent)
    started: AwareDatetime | None = Field(default=None, exclude_if=_is_absent)
    ended: AwareDatetime | None = Field(default=None, exclude_if=_is_absent)


class RunRecord(Model):
    """How a run ended. `order` lists the names of the actions that ran or were passed, as they finished."""

    status: RunStatus
    error: str | None = None
    error_type: str | None = None
    actions: tuple[ActionRecord, ...]
    order: tuple[str, ...]
