"""A rule that a schedule starts."""

from dataclasses import dataclass

from ichor_models import RuleId
from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class ScheduledRule:
    """An active rule with the trigger `scheduled`; `schedule` is what the column holds, text where it is unreadable."""

    rule_id: RuleId
    name: str
    entity: str | None
    schedule: JsonValue
