"""Which runs a list holds."""

from datetime import datetime

from ichor_models import RuleId, RunStatus
from ichor_models.model import Model
from pydantic import Field


class RunFilter(Model):
    """Runs of a rule, an entity, some statuses, created in `[since, before)`; the newest first, at most `limit`."""

    rule_id: RuleId | None = None
    entity_name: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    limit: int = Field(default=50, ge=1, le=10_000)
