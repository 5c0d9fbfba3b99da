"""Why a run was stopped before all of its actions had ended."""

from enum import StrEnum

from ichor_models import RunStatus


class Stop(StrEnum):
    """The error type of a run that was stopped."""

    CANCELLED = "cancelled"
    DEADLINE = "deadline"

    @property
    def status(self) -> RunStatus:
        """Return how such a run ends."""
        return RunStatus.CANCELLED if self is Stop.CANCELLED else RunStatus.FAILED

    @property
    def message(self) -> str:
        """Return its error."""
        return "The run was cancelled." if self is Stop.CANCELLED else "The run's deadline passed."
