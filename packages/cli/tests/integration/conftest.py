"""What the tests of `ichor doctor` share: an examination, and what it found by the check."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from ichor_cli.doctor.examination import examine
from ichor_cli.doctor.finding import Finding, State

SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found."""

    all: Sequence[Finding]

    def of(self, check: str) -> list[Finding]:
        """Return what one check found."""
        return [finding for finding in self.all if finding.check == check]

    def only(self, check: str) -> Finding:
        """Return the one thing that a check found."""
        (finding,) = self.of(check)
        return finding

    def troubles(self, check: str) -> list[Finding]:
        """Return what a check found that deserves a look."""
        return [finding for finding in self.of(check) if finding.state in (State.FAILED, State.WARNING)]


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Findings]]:
    """Examines what the environment names."""
    for name in ("ICHOR_RABBITMQ_MANAGEMENT_URL", "ICHOR_SMTP_URL", "ICHOR_ROLES_SQL"):
        monkeypatch.delenv(name, raising=False)

    async def examination(**options: Any) -> Findings:
        return Findings(await examine(SECONDS, **options))

    return examination
