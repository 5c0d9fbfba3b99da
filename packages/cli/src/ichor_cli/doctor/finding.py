"""What was found out about one thing."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from pydantic import JsonValue


class State(StrEnum):
    """How a thing is; only what is `failed` keeps the engine from its work."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is a stable name, the server before the dot; `mend` says what to do, where something is to be done."""

    check: str
    state: State
    message: str
    mend: str = ""

    def document(self) -> dict[str, JsonValue]:
        """Return it as `ichor doctor --json` prints it."""
        return {**asdict(self), "state": self.state.value, "mend": self.mend or None}


def well(check: str, message: str) -> Finding:
    """Return that a thing is as it must be."""
    return Finding(check, State.OK, message)


def doubtful(check: str, message: str, mend: str) -> Finding:
    """Return that a thing works and deserves a look."""
    return Finding(check, State.WARNING, message, mend)


def broken(check: str, message: str, mend: str) -> Finding:
    """Return that a thing keeps the engine from its work."""
    return Finding(check, State.FAILED, message, mend)


def skipped(check: str, message: str) -> Finding:
    """Return that a thing could not, or need not, be looked at."""
    return Finding(check, State.SKIPPED, message)
