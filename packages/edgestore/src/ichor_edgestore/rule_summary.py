"""A rule in a list of rules."""

from datetime import datetime

from ichor_models import RuleId
from ichor_models.model import Model


class RuleSummary(Model):
    """What a list shows of a rule; `event` and `entity` are as stored, whether the engine knows them or not."""

    rule_id: RuleId
    name: str
    description: str | None = None
    is_active: bool
    entity: str | None = None
    event: str | None = None
    updated: datetime | None = None
