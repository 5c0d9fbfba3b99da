"""A rule that an event may start."""

from dataclasses import dataclass

from ichor_models import RuleId
from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Candidate:
    """An active rule of an event's entity and type. `conditions` is `trigger_conditions` as it is stored.

    That is null, or `{"field_conditions": [{"field_name", "operator", "value", "previous_value"}]}`, or whatever else
    stands there; a text is what was not even readable.
    """

    rule_id: RuleId
    name: str
    conditions: JsonValue
