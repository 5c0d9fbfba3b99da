"""How much waits in the database, for those who watch the engine."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backlog:
    """Numbers of what waits, and how long the oldest of each kind has; None where none does.

    `outbox_error` is why the newest event of the outbox that was given up was.
    """

    outbox_pending: int
    outbox_age: timedelta | None
    outbox_failed: int
    outbox_error: str | None
    questions_open: int
    question_age: timedelta | None
    runs_pending: int
    pending_age: timedelta | None
    runs_running: int
