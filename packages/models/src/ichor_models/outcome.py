"""How a run and its actions ended."""

from enum import StrEnum

from pydantic import JsonValue

from ichor_models.model import Model


class ActionState(StrEnum):
    """The one state that an action ends in."""

    COMPLETED = "completed"
    FAILED = "failed"
    PASSED = "passed"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


class RunStatus(StrEnum):
    """The status of a run."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Say whether nothing comes after it."""
        return self not in (RunStatus.PENDING, RunStatus.RUNNING)


class ActionOutcome(Model):
    """How one action ended: `config` as it was resolved, where it ran; `result`, for a failed one its error."""

    state: ActionState
    config: dict[str, JsonValue] | None = None
    result: dict[str, JsonValue] | None = None


class Outcome(Model):
    """How a run ended. `order` lists the actions that ran or were passed, as they finished."""

    status: RunStatus
    actions: dict[str, ActionOutcome]
    order: tuple[str, ...]

    def document(self) -> dict[str, JsonValue]:
        """Return it as the commands print it: without the parts that an action does not have."""
        return self.model_dump(mode="json", exclude_none=True)
