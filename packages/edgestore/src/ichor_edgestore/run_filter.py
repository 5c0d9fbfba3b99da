"""Which runs a list holds."""

from datetime import datetime

from ichor_models import RuleId, RunStatus
from ichor_models.model import Model
from pydantic import Field

from ichor_edgestore.run_view import RunSummary


class RunFilter(Model):
    """Runs of a rule, an entity, some statuses, created in `[since, before)`; the newest first, at most `limit`."""

    rule_id: RuleId | None = None
    entity_name: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    limit: int = Field(default=50, ge=1, le=10_000)

    def holds(self, run: RunSummary) -> bool:
        """Say whether a run belongs in the list."""
        return (
            self.rule_id in (None, run.rule_id)
            and self.entity_name in (None, run.entity_name)
            and (not self.statuses or run.status in self.statuses)
            and (self.since is None or run.created >= self.since)
            and (self.before is None or run.created < self.before)
        )


ALL_RUNS = RunFilter()
"""The newest runs of all rules."""
