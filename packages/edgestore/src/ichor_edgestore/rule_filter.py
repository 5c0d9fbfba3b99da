"""Which rules a list holds."""

from uuid import UUID

from ichor_models.model import Model
from pydantic import Field

from ichor_edgestore.entity_name import bare
from ichor_edgestore.rule_summary import RuleSummary


class RulePlace(Model):
    """Where a rule stands in the list: by its name, then its id."""

    name: str
    rule_id: UUID


class RuleFilter(Model):
    """Rules of an entity (a schema before its name aside), an event type, active or not; those behind `after`."""

    entity: str | None = None
    event: str | None = None
    is_active: bool | None = None
    after: RulePlace | None = None
    limit: int | None = Field(default=None, ge=1)

    @property
    def bare_entity(self) -> str | None:
        """Return the entity as rules name it."""
        return None if self.entity is None else bare(self.entity)

    def holds(self, rule: RuleSummary) -> bool:
        """Say whether a rule belongs in the list."""
        return (
            self.bare_entity in (None, rule.entity)
            and self.event in (None, rule.event)
            and self.is_active in (None, rule.is_active)
            and (self.after is None or (rule.name, rule.rule_id) > (self.after.name, str(self.after.rule_id)))
        )


ALL_RULES = RuleFilter()
"""All rules by name."""
