"""Which runs a list holds."""

from datetime import datetime
from uuid import UUID

from ichor_models import RuleId, RunStatus
from ichor_models.model import Model
from pydantic import Field

from ichor_edgestore.run_view import RunSummary


class RunPlace(Model):
    """Where a run stands in the list: by its creation, the newest first, then its id."""

    created: datetime
    execution_id: UUID


class RunFilter(Model):
    """Runs of a rule, an entity, some statuses, created in `[since, before)`; the newest first, at most `limit`.

    Those behind `after`, where it is given.
    """

    rule_id: RuleId | None = None
    entity_name: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    after: RunPlace | None = None
    limit: int = Field(default=50, ge=1, le=10_000)

    def holds(self, run: RunSummary) -> bool:
        """Say whether a run belongs in the list."""
        return (
            self.rule_id in (None, run.rule_id)
            and self.entity_name in (None, run.entity_name)
            and (not self.statuses or run.status in self.statuses)
            and (self.since is None or run.created >= self.since)
            and (self.before is None or run.created < self.before)
            and (self.after is None or _is_behind(run, self.after))
        )


def _is_behind(run: RunSummary, place: RunPlace) -> bool:
    return run.created < place.created or (run.created == place.created and run.execution_id > str(place.execution_id))


ALL_RUNS = RunFilter()
"""The newest runs of all rules."""
