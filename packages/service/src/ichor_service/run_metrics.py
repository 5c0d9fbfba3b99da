"""Counts runs as they end. Rules are many and come and go, and each label is a time series of its own for ever."""

from ichor_models import RunStatus
from prometheus_client import CollectorRegistry, Counter

MOST_RULES = 100
OTHER = "(other)"


class RunMetrics:
    """Counts by rule and status; the first `most` rules that this process sees have their names, others are one."""

    def __init__(self, registry: CollectorRegistry, *, most: int = MOST_RULES) -> None:
        self._runs = Counter("ichor_runs", "Runs that ended", ["rule", "status"], registry=registry)
        self._most = most
        self._rules: set[str] = set()

    def ended(self, rule: str | None, status: RunStatus) -> None:
        """Count a run; that of a rule which is gone has no name."""
        self._runs.labels(self._label(rule), str(status)).inc()

    def _label(self, rule: str | None) -> str:
        if rule is not None and len(self._rules) < self._most:
            self._rules.add(rule)
        return rule if rule is not None and rule in self._rules else OTHER
