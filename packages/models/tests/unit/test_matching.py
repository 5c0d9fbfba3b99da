from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from ichor_models import EntityEvent, EventId, EventType, Lineage, RuleId
from ichor_models.matching import Decision, Match, match_rules, read_conditions
from pydantic import JsonValue

NOW = datetime(2026, 1, 1, tzinfo=UTC)
R1 = RuleId("r1")


@dataclass(frozen=True, slots=True)
class StoredRule:
    conditions: JsonValue
    rule_id: RuleId = R1
    name: str = "Big orders"


def event(**fields: object) -> EntityEvent:
    whole: dict[str, object] = {
        "event_id": EventId("e1"),
        "event_type": EventType.ON_UPDATE,
        "entity_name": "orders",
        "entity_id": "o1",
        "user_id": "u1",
        "raw_data": {"total": 1500, "status": "held", "customer": {"vip": True}},
        "field_changes": {"status": {"old_value": "open", "new_value": "held"}},
    }
    return EntityEvent.model_validate(whole | fields)


def only(conditions: JsonValue, **fields: object) -> Match:
    (match,) = match_rules(event(**fields), [StoredRule(conditions)], NOW)
    return match


def fields(*conditions: JsonValue) -> JsonValue:
    return {"field_conditions": list(conditions)}


@pytest.mark.parametrize("stored", [None, {}, {"field_conditions": None}, {"field_conditions": []}, "null"])
def test_a_rule_without_conditions_matches_every_event(stored: JsonValue):
    match = only(stored)
    assert match.matches
    assert match.because == "it has no conditions"


@pytest.mark.parametrize(
    "condition",
    [
        {"field_name": "total", "operator": "greater_than", "value": 1000},
        {"field_name": "customer.vip", "operator": "equals", "value": True},
        {"field_name": "trigger.customer.vip", "operator": "equals", "value": "true"},
        {"field_name": "status", "operator": "changed_from", "value": "open"},
        {"field_name": "status", "operator": "changed_to", "value": "held", "previous_value": "open"},
        {"field_name": "old_status", "operator": "equals", "value": "open"},
        {"field_name": "rule_id", "operator": "equals", "value": "r1"},
        {"field_name": "rule_name", "operator": "equals", "value": "Big orders"},
        {"field_name": "$me", "operator": "equals", "value": "u1"},
        {"field_name": "entity_name", "operator": "in", "value": ["orders", "lines"]},
        {"field_name": "execution_id", "operator": "is_null"},
        {"field_name": "total", "operator": "greater_than", "value": 1000, "label": "a key nobody knows"},
    ],
)
def test_a_condition_sees_the_trigger_data_and_what_is_always_there(condition: JsonValue):
    assert only(fields(condition)).decision is Decision.MATCHES


def test_every_condition_must_hold_and_the_first_that_does_not_is_named():
    match = only(
        fields(
            {"field_name": "total", "operator": "greater_than", "value": 1000},
            {"field_name": "status", "operator": "equals", "value": "paid"},
        )
    )
    assert match.decision is Decision.DIFFERS
    assert match.because == "conditions.1 does not hold: status equals 'paid'"


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"operator": "greater_than", "value": 100}, "totl greater_than 100; the event has no value for it"),
        ({"operator": "changed_to", "value": 5}, "totl changed_to 5; the event has no value for it"),
    ],
)
def test_a_condition_on_what_is_not_there_says_so(condition: dict[str, JsonValue], told: str):
    assert only(fields({"field_name": "totl", **condition})).because == f"conditions.0 does not hold: {told}"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("{oops", "cannot be read"),
        ([1], "must be an object"),
        (7, "must be an object"),
        ({"field_conditions": "total > 5"}, "must be a list"),
        ({"field_conditions": ["total"]}, "conditions.0 must be an object"),
        (fields({"field_name": "total", "operator": "is_larger", "value": 1}), "conditions.0: operator"),
        (fields({"operator": "equals", "value": 1}), "conditions.0: field_name"),
    ],
)
def test_conditions_that_cannot_be_read_never_match(stored: JsonValue, said: str):
    match = only(stored)
    assert match.decision is Decision.UNREADABLE
    assert not match.matches
    assert said in match.because


def test_a_broken_rule_harms_no_other():
    rules = [
        StoredRule("{oops", RuleId("broken")),
        StoredRule(None, RuleId("good")),
        StoredRule([3], RuleId("broken too")),
    ]
    decided = {match.rule_id: match.matches for match in match_rules(event(), rules, NOW)}
    assert decided == {"broken": False, "good": True, "broken too": False}


@pytest.mark.parametrize(("depth", "decision"), [(16, Decision.MATCHES), (17, Decision.TOO_DEEP)])
def test_a_cascade_is_followed_sixteen_runs_deep(depth: int, decision: Decision):
    assert only(None, lineage=Lineage(root="e0", depth=depth)).decision is decision


def test_a_pair_of_rule_and_entity_that_was_visited_stops():
    visited = ("r1:o1",)
    assert only(None, lineage=Lineage(root="e0", depth=1, visited=visited)).decision is Decision.VISITED
    assert only(None, entity_id="o2", lineage=Lineage(root="e0", depth=1, visited=visited)).matches


def test_a_rule_that_would_not_start_anyway_is_no_stopped_one():
    lineage = Lineage(root="e0", depth=17, visited=("r1:o1",))
    match = only(fields({"field_name": "total", "operator": "equals", "value": 1}), lineage=lineage)
    assert (match.decision, match.stopped) == (Decision.DIFFERS, False)


def test_a_cascade_that_is_stopped_is_spelled_out():
    lineage = Lineage(root="e0", depth=2, visited=("r1:o1", "r2:"))
    (match,) = match_rules(event(lineage=lineage), [StoredRule(None)], NOW, {R1: "Big orders"})
    assert match.stopped
    assert match.because == (
        "this cascade ran the rule for this entity already: "
        "event e0 -> 'Big orders' (r1) for o1 -> r2 for no entity -> 'Big orders' for o1"
    )


def test_conditions_are_read_in_their_order():
    names = [f"f{number}" for number in range(3)]
    conditions: list[JsonValue] = [{"field_name": name, "operator": "is_null"} for name in names]
    stored = fields(*conditions)
    assert [condition.field_name for condition in read_conditions(stored)] == names
