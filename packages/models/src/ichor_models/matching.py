"""Which rules an event starts, and why each other one not. Nothing here reads a store or a clock.

| decision | when, the first that is true |
|---|---|
| `unreadable` | the rule's conditions are not of the form `{"field_conditions": [...]}` |
| `differs` | a condition does not hold |
| `visited` | the rule would start, but the lineage holds it with this entity already |
| `too_deep` | the rule would start, but the event's lineage is deeper than 16 |
| `matches` | all conditions hold, or there are none |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue, ValidationError

from ichor_models.action_call import RunHeader
from ichor_models.cascade import DEEPEST, spell_chain, visit
from ichor_models.condition import Condition
from ichor_models.event import EntityEvent
from ichor_models.expression import Lookup
from ichor_models.ids import ExecutionId, RuleId
from ichor_models.path import look_up
from ichor_models.run_request import always_there, event_header
from ichor_models.strict_json import parse_json
from ichor_models.wording import all_in_words

_NO_NAMES: Mapping[RuleId, str] = {}


class Listening(Protocol):
    """A rule that listens to the kind of event at hand; `conditions` as they are stored, text or read."""

    @property
    def rule_id(self) -> RuleId:
        """The rule's id."""
        ...

    @property
    def name(self) -> str:
        """The rule's name."""
        ...

    @property
    def conditions(self) -> JsonValue:
        """What `trigger_conditions` holds."""
        ...


class Decision(StrEnum):
    """What was decided about one rule."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"
    VISITED = "visited"
    TOO_DEEP = "too_deep"


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a rule matches an event; `because` is a sentence for people, without values of the data."""

    rule_id: RuleId
    rule_name: str
    decision: Decision
    because: str

    @property
    def matches(self) -> bool:
        """Say whether a run is to be started."""
        return self.decision is Decision.MATCHES

    @property
    def stopped(self) -> bool:
        """Say whether a run would be started, were it not for the cascade."""
        return self.decision in (Decision.VISITED, Decision.TOO_DEEP)


def match_rules(
    event: EntityEvent, rules: Iterable[Listening], now: datetime, names: Mapping[RuleId, str] = _NO_NAMES
) -> tuple[Match, ...]:
    """Decide about each rule by itself: one that cannot be read harms no other.

    `names` are those of the rules on the way to the event, for the sentence about a cascade that is stopped.
    """
    seen = _Seen(event, now)
    return tuple(_match(seen, rule, names) for rule in rules)


class _Seen:
    """What conditions can read of an event: the same for all rules but for the rule's own id and name."""

    def __init__(self, event: EntityEvent, now: datetime) -> None:
        header = event_header(event)
        run = RunHeader(execution_id=ExecutionId(""), rule_id=RuleId(""), rule_name="", event=header)
        self.event = event
        self._data = event.trigger_data()
        self._builtin: Mapping[str, JsonValue] = {**always_there(run, now), "execution_id": None}

    def by(self, rule: Listening) -> Lookup:
        """Return how the conditions of a rule read it."""
        builtin = {**self._builtin, "rule_id": rule.rule_id, "rule_name": rule.name}
        return lambda path: look_up(self._data, builtin, path)


def _match(seen: _Seen, rule: Listening, names: Mapping[RuleId, str]) -> Match:
    decision, because = _compared(seen, rule)
    if decision is Decision.MATCHES:
        decision, because = _stopped(seen.event, rule, names) or (decision, because)
    return Match(rule.rule_id, rule.name, decision, because)


def _stopped(event: EntityEvent, rule: Listening, names: Mapping[RuleId, str]) -> tuple[Decision, str] | None:
    lineage = event.lineage
    if lineage is None:
        return None
    if visit(rule.rule_id, event.entity_id) in lineage.visited:
        decision, why = Decision.VISITED, "this cascade ran the rule for this entity already"
    elif lineage.depth > DEEPEST:
        decision, why = Decision.TOO_DEEP, f"the cascade is {lineage.depth} runs deep, at most {DEEPEST} are followed"
    else:
        return None
    return decision, f"{why}: {spell_chain(lineage, names)} -> {rule.name!r} for {event.entity_id or 'no entity'}"


def _compared(seen: _Seen, rule: Listening) -> tuple[Decision, str]:
    try:
        conditions = read_conditions(rule.conditions)
    except ValueError as error:
        return Decision.UNREADABLE, f"its conditions cannot be read: {error}"
    if (unmet := first_unmet(conditions, seen.by(rule))) is not None:
        return Decision.DIFFERS, unmet
    because = f"all conditions hold ({len(conditions)})" if conditions else "it has no conditions"
    return Decision.MATCHES, because


def read_conditions(stored: JsonValue) -> tuple[Condition, ...]:
    """Read what `trigger_conditions` holds; keys that nobody knows are left out.

    Raises:
        ValueError: it is of another form, saying where.
    """
    document = parse_json(stored) if isinstance(stored, str) else stored
    if document is None:
        return ()
    if not isinstance(document, dict):
        raise ValueError('they must be an object like {"field_conditions": [...]}')
    listed = document.get("field_conditions")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise ValueError("field_conditions must be a list")
    return tuple(_read(index, item) for index, item in enumerate(listed))


def _read(index: int, item: JsonValue) -> Condition:
    if not isinstance(item, dict):
        raise ValueError(f"conditions.{index} must be an object")
    try:
        return Condition.model_validate({key: item[key] for key in Condition.model_fields if key in item})
    except ValidationError as error:
        raise ValueError(f"conditions.{index}: {all_in_words(error)}") from None


def first_unmet(conditions: Iterable[Condition], lookup: Lookup) -> str | None:
    """Say which condition does not hold, the first, in a sentence without values of the data; None where all do."""
    for index, condition in enumerate(conditions):
        if not condition.holds(lookup):
            value = "" if condition.value is None else f" {condition.value!r}"
            missing = "" if condition.sees_value(lookup) else "; the event has no value for it"
            return f"conditions.{index} does not hold: {condition.field_name} {condition.operator}{value}{missing}"
    return None
