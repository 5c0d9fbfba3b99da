"""What a person reads of an examination."""

from collections import Counter
from collections.abc import Sequence

from ichor_cli.doctor.finding import Finding, State

_MARKS = {State.OK: "ok", State.WARNING: "warning", State.FAILED: "FAILED", State.SKIPPED: "skipped"}
_WIDTH = max(map(len, _MARKS.values()))


def doctor_text(findings: Sequence[Finding]) -> str:
    """Return a line for each finding, below it how to mend it, and in the end how many there are of each kind."""
    name = max(len(finding.check) for finding in findings)
    lines = [line for finding in findings for line in _lines(finding, name)]
    counts = Counter(finding.state for finding in findings)
    return "\n".join([*lines, "", ", ".join(f"{counts[state]} {_MARKS[state]}" for state in State)])


def _lines(finding: Finding, name: int) -> Sequence[str]:
    first = f"{_MARKS[finding.state]:{_WIDTH}}  {finding.check:{name}}  {finding.message}"
    return [first, *([f"{'':{_WIDTH + 2 + name}}  → {finding.mend}"] if finding.mend else [])]
