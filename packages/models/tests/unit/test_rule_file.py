import json
from copy import deepcopy
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import (
    CONTROL_TYPES,
    ActionType,
    Catalogue,
    EventType,
    Report,
    Rule,
    check_document,
    load_text,
    rule_document,
    rule_yaml,
)
from ichor_models.model import Model
from ichor_models.names import slug
from pydantic import JsonValue

type Document = dict[str, Any]


class Mail(Model):
    message: str


class Update(Model):
    target_entity: str
    target_field: str
    new_value: JsonValue


CATALOGUE = Catalogue([*CONTROL_TYPES, ActionType("mail", Mail), ActionType("update_field", Update)])
FILE = """
name: Order approval
trigger:
  entity: orders
  event: on_create            # on_create | on_update | on_delete | scheduled | manual
  conditions: []
options: {max_in_flight: 100, deadline: 30d}
actions:
  - name: check_amount
    type: evaluate_condition
    is_active: true           # optional
    config:
      conditions: [{field_name: total, operator: greater_than, value: 1000}]
  - name: approve
    type: update_field
    config: {target_entity: sales.orders, target_field: status, new_value: approved}
    options: {timeout: 30s, max_attempts: 5, backoff: 1s, deadline: 1h}
edges:
  - {source: null, target: check_amount, type: start, order: 1}
  - {source: check_amount, target: approve, type: true_branch, order: 1, source_output: null}
"""


def small(**changes: Any) -> Document:
    """Return a small file without mistakes, changed."""
    return {
        "name": "small",
        "trigger": {"entity": "orders", "event": "on_create"},
        "actions": [{"name": "a", "type": "mail", "config": {"message": "x"}}],
        "edges": [{"source": None, "target": "a", "type": "start"}],
        **changes,
    }


def check(document: JsonValue) -> Report:
    rule, report = check_document(document, CATALOGUE)
    assert (rule is not None) is report.valid
    return report


def coded(document: JsonValue) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in check(document).problems]


def read(document: JsonValue) -> Rule:
    rule, report = check_document(document, CATALOGUE)
    assert rule is not None, report
    return rule


def test_the_file_of_the_contract() -> None:
    rule = read(load_text(FILE))
    assert (rule.name, rule.is_active, rule.trigger.entity) == ("Order approval", True, "orders")
    assert (rule.options.max_in_flight, rule.options.deadline) == (100, timedelta(days=30))
    approve = rule.actions[1].options
    assert (approve.timeout, approve.max_attempts) == (timedelta(seconds=30), 5)
    assert (approve.backoff, approve.deadline) == (timedelta(seconds=1), timedelta(hours=1))
    assert [(edge.source, edge.target, edge.type.value, edge.order) for edge in rule.edges] == [
        (None, "check_amount", "start", 1),
        ("check_amount", "approve", "true_branch", 1),
    ]


def test_the_same_file_as_json() -> None:
    document = load_text(FILE)
    assert read(load_text(json.dumps(document))) == read(document)


@pytest.mark.parametrize(
    "trigger",
    [
        *({"entity": "orders", "event": event} for event in ("on_create", "on_update", "on_delete", "manual")),
        {"event": "manual"},
        {"entity": "orders", "event": "scheduled", "schedule": {"cron": "0 6 * * *"}},
        {
            "event": "scheduled",
            "schedule": {"every": "15m", "timezone": "Europe/Berlin", "catchup_window": "1h", "overlap": "skip"},
        },
        {
            "entity": "orders",
            "event": "on_update",
            "conditions": [{"field_name": "status", "operator": "changed_to", "value": 1}],
        },
        {"entity": None, "event": "manual", "conditions": [], "schedule": None},
    ],
)
def test_triggers(trigger: Document) -> None:
    assert coded(small(trigger=trigger)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "7d444840-9dc0-11d1-b245-5ffdce74fad2", "description": "why", "is_active": False},
        {"options": {}},
        {"options": {"max_in_flight": 1500, "deadline": None}},
        {
            "actions": [
                {
                    "id": "1",
                    "name": "a",
                    "type": "mail",
                    "description": "d",
                    "is_active": False,
                    "config": {"message": 1},
                }
            ]
        },
        {"edges": [{"target": "a", "type": "start"}]},
        {"edges": [{"source": None, "target": "a", "type": "start", "order": -3, "source_output": None}]},
    ],
)
def test_optional_keys(changes: Document) -> None:
    assert coded(small(**changes)) == []


def test_an_order_that_is_not_written_is_zero() -> None:
    assert [edge.order for edge in read(small()).edges] == [0]


@pytest.mark.parametrize("document", [None, [], "text", 5, True, [small()]])
def test_a_file_is_an_object(document: JsonValue) -> None:
    assert coded(document) == [("invalid_file", "file")]


@pytest.mark.parametrize("value", [float("nan"), "\0", "\ud83d"])
def test_what_no_store_could_hold_is_refused(value: JsonValue) -> None:
    assert coded(small(description=value)) == [("invalid_file", "file")]


def test_an_empty_object_lacks_everything() -> None:
    assert coded({}) == [
        ("missing_key", "name"),
        ("missing_key", "trigger"),
        ("invalid_file", "actions"),
        ("invalid_file", "edges"),
    ]


ACTION = small()["actions"][0]
START = small()["edges"][0]


MISTAKES: list[tuple[Document, list[tuple[str, str]]]] = [
    ({"name": 5}, [("invalid_value", "name")]),
    ({"name": ""}, [("invalid_name", "name")]),
    ({"naem": "x"}, [("unknown_key", "naem")]),
    ({"is_active": "yes"}, [("invalid_value", "is_active")]),
    ({"trigger": None}, [("invalid_value", "trigger")]),
    ({"trigger": {}}, [("missing_key", "trigger.event")]),
    ({"trigger": {"event": "on_create"}}, [("invalid_value", "trigger")]),
    ({"trigger": {"entity": "", "event": "manual"}}, [("invalid_value", "trigger.entity")]),
    ({"trigger": {"entity": "orders", "event": "wedding"}}, [("invalid_value", "trigger.event")]),
    ({"trigger": {"event": "manual", "more": 1}}, [("unknown_key", "trigger.more")]),
    ({"trigger": {"event": "scheduled"}}, [("invalid_value", "trigger")]),
    ({"trigger": {"event": "manual", "schedule": {"every": "15m"}}}, [("invalid_value", "trigger")]),
    ({"trigger": {"event": "scheduled", "schedule": {}}}, [("invalid_value", "trigger.schedule")]),
    (
        {"trigger": {"event": "scheduled", "schedule": {"every": "15m", "cron": "0 6 * * *"}}},
        [("invalid_value", "trigger.schedule")],
    ),
    (
        {
            "trigger": {
                "event": "scheduled",
                "schedule": {"cron": "0 25 * * *", "overlap": "pile_up", "timezone": "a b"},
            }
        },
        [("invalid_value", f"trigger.schedule.{key}") for key in ("cron", "timezone", "overlap")],
    ),
    (
        {"trigger": {"event": "scheduled", "schedule": {"every": "0.5s"}}},
        [("invalid_value", "trigger.schedule.every")],
    ),
    (
        {"trigger": {"event": "manual", "conditions": [{"field_name": "x", "operator": "bigger"}, {"value": 1}]}},
        [
            ("invalid_value", "trigger.conditions.0.operator"),
            ("missing_key", "trigger.conditions.1.field_name"),
            ("missing_key", "trigger.conditions.1.operator"),
        ],
    ),
    ({"options": None}, [("invalid_value", "options")]),
    (
        {"options": {"max_in_flight": 0, "deadline": "soon", "retries": 3}},
        [
            ("invalid_value", "options.max_in_flight"),
            ("invalid_value", "options.deadline"),
            ("unknown_key", "options.retries"),
        ],
    ),
    ({"options": {"max_in_flight": 1501}}, [("invalid_value", "options.max_in_flight")]),
    ({"actions": [{**ACTION, "confg": {}}]}, [("unknown_key", "actions.a.confg")]),
    ({"actions": [{"name": "a", "config": {"message": "x"}}]}, [("missing_key", "actions.a.type")]),
    ({"actions": [{**ACTION, "config": []}]}, [("invalid_value", "actions.a.config")]),
    ({"actions": [{**ACTION, "is_active": 1}]}, [("invalid_value", "actions.a.is_active")]),
    (
        {"actions": [{**ACTION, "problem": "x", "repeated": True}]},
        [("unknown_key", "actions.a.problem"), ("unknown_key", "actions.a.repeated")],
    ),
    (
        {"actions": [{**ACTION, "options": {"timeout": "soon", "max_attempts": 0, "deadlne": "1h"}}]},
        [
            ("invalid_value", "actions.a.options.timeout"),
            ("invalid_value", "actions.a.options.max_attempts"),
            ("unknown_key", "actions.a.options.deadlne"),
        ],
    ),
    ({"actions": [ACTION, {"type": "mail"}]}, [("missing_key", "actions[1].name")]),
    ({"actions": [ACTION, "a"]}, [("invalid_value", "actions[1]")]),
    (
        {"edges": [START, {"source": "a", "target": "a", "type": "goto"}]},
        [("unknown_edge_type", "edges[1].type"), ("cycle", "edges")],
    ),
    (
        {"edges": [START, {"target": "a"}]},
        [("missing_key", "edges[1].type"), ("duplicate_edge", "edges[1] (start -> a)")],
    ),
    ({"edges": [START, {"type": "start"}]}, [("missing_key", "edges[1].target")]),
    ({"edges": [START, None]}, [("invalid_value", "edges[1]")]),
    ({"edges": [{**START, "order": "1"}]}, [("invalid_value", "edges[0].order")]),
    ({"edges": [{**START, "order": 2**31}]}, [("invalid_value", "edges[0].order")]),
    ({"edges": [{**START, "prot": "x"}]}, [("unknown_key", "edges[0].prot")]),
]


@pytest.mark.parametrize(("changes", "problems"), MISTAKES)
def test_each_mistake_has_its_code_and_its_place(changes: Document, problems: list[tuple[str, str]]) -> None:
    assert coded(small(**changes)) == problems


@pytest.mark.parametrize(
    ("changes", "never"),
    [
        ({"actions": [{"type": "mail"}]}, "no_actions"),
        ({"actions": ["a"]}, "no_actions"),
        ({"edges": [{"type": "start"}]}, "no_start"),
        ({"edges": [{"source": None, "target": "a", "type": "begin"}]}, "no_start"),
        ({"edges": [{**START, "order": "1"}]}, "unreachable_action"),
        ({"actions": [{**ACTION, "is_active": "no"}]}, "unknown_action"),
        ({"actions": [{**ACTION, "config": "x"}]}, "invalid_config"),
        ({"actions": [{"name": "a", "config": {"message": "x"}}]}, "unknown_action_type"),
        ({"actions": [{**ACTION, "name": 7}], "edges": [{**START, "target": 7}]}, "unknown_action"),
    ],
)
def test_one_mistake_does_not_look_like_another(changes: Document, never: str) -> None:
    codes = [code for code, _ in coded(small(**changes))]
    assert codes
    assert never not in codes


def test_edges_are_counted_as_the_file_counts_them() -> None:
    edges = [None, START, {"type": "sequence"}, START, {"source": "a", "target": "b", "type": "sequence"}]
    report = check(small(edges=edges))
    assert [(problem.code, problem.where) for problem in report.problems] == [
        ("invalid_value", "edges[0]"),
        ("missing_key", "edges[2].target"),
        ("unknown_action", "edges[4] (a -> b)"),
        ("duplicate_edge", "edges[3] (start -> a)"),
    ]
    assert "repeats edges[1]" in report.problems[-1].message
    edges = [None, START, {"source": "a", "target": "b", "type": "sequence", "source_output": "x"}]
    report = check(small(actions=[ACTION, {**ACTION, "name": "b"}], edges=edges))
    assert [warning.where for warning in report.warnings] == ["edges[2] (a -> b)"]


def test_mistakes_of_the_file_and_of_the_graph_are_reported_together() -> None:
    document = small(
        nmae="x",
        trigger={"event": "wedding"},
        options={"deadline": "soon"},
        actions=[
            {"name": "a", "type": "mail", "config": {"message": "{{ b.x }} {{ x | upper }}"}, "is_active": "yes"},
            {"name": "b", "type": "teleport", "config": {}, "more": 1},
            {"name": "c", "type": "delay", "config": {"duration": "soon"}},
        ],
        edges=[
            {"target": "a", "type": "begin"},
            {"source": "a", "target": "b", "type": "true_branch"},
            {"source": "b", "target": "nowhere", "type": "sequence", "order": "1"},
        ],
    )
    assert {code for code, _ in coded(document)} == {
        "unknown_key",
        "invalid_value",
        "unknown_edge_type",
        "branch_without_condition",
        "unknown_action",
        "unreachable_action",
        "unknown_action_type",
        "unknown_filter",
        "not_upstream",
        "invalid_config",
    }


def test_no_value_of_an_action_is_told_by_what_refuses_it() -> None:
    document = small(actions=[{**ACTION, "is_active": "hunter2", "config": "hunter2", "id": ["hunter2"]}])
    assert "hunter2" not in str(check(document))


def test_a_report_is_a_document_of_json() -> None:
    good = check(small()).document()
    assert good == {"valid": True, "problems": [], "warnings": []}
    report = check(
        small(name="", edges=[START, {"source": "a", "target": "b", "type": "sequence", "source_output": "x"}])
    ).document()
    assert report["valid"] is False
    assert json.loads(json.dumps(report)) == report
    for kind in ("problems", "warnings"):
        found = report[kind]
        assert isinstance(found, list)
        assert found
        assert all(isinstance(item, dict) and item.keys() == {"code", "where", "message"} for item in found)


def test_a_file_is_written_without_what_is_only_the_default() -> None:
    assert rule_document(read(small())) == small()
    written = rule_document(read(load_text(FILE)))
    assert written["options"] == {"deadline": "720h0m0s"}
    assert written["trigger"] == {"entity": "orders", "event": "on_create"}


NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0{}"), max_size=8)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(-1e15, 1e15) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
DURATIONS = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Rules without mistakes: a chain of actions of any configs."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=slug))
    actions: list[Document] = [
        {
            "name": name,
            "type": "update_field",
            "description": draw(st.none() | TEXTS),
            "is_active": draw(st.booleans()),
            "config": {"target_entity": draw(TEXTS), "target_field": "f", "new_value": draw(VALUES)},
            "options": draw(
                st.fixed_dictionaries({}, optional={"timeout": DURATIONS, "max_attempts": st.integers(1, 1000)})
            ),
        }
        for name in names
    ]
    edges = [
        {"source": source, "target": name, "type": "sequence" if source else "start", "order": draw(st.integers(-5, 5))}
        for source, name in zip([None, *names], names, strict=False)
    ]
    conditions = draw(
        st.lists(
            st.fixed_dictionaries({"field_name": NAMES, "operator": st.just("equals"), "value": VALUES}), max_size=2
        )
    )
    trigger = {"event": EventType.MANUAL, "conditions": conditions}
    options = draw(st.fixed_dictionaries({}, optional={"deadline": DURATIONS, "max_in_flight": st.integers(1, 1500)}))
    head = {"name": draw(NAMES), "description": draw(st.none() | TEXTS), "is_active": draw(st.booleans())}
    return Rule.model_validate({**head, "trigger": trigger, "options": options, "actions": actions, "edges": edges})


@settings(max_examples=30, deadline=None)
@given(rules())
def test_a_written_rule_is_read_as_the_same(rule: Rule) -> None:
    for text in (rule_yaml(rule), json.dumps(rule_document(rule))):
        again = read(load_text(text))
        assert again == rule
        assert again.graph.version == rule.graph.version


def holders(value: Any) -> list[Any]:
    """Return every object and list in a value."""
    if not isinstance(value, (dict, list)):
        return []
    inner = cast("Document | list[Any]", value)
    return [
        inner,
        *(found for item in (inner.values() if isinstance(inner, dict) else inner) for found in holders(item)),
    ]


@st.composite
def broken(draw: st.DrawFn) -> JsonValue:
    """Files with a few values replaced by anything."""
    document = deepcopy(load_text(FILE))
    for _ in range(draw(st.integers(1, 4))):
        holder = draw(st.sampled_from([found for found in holders(document) if found]))
        keys: list[Any] = [*(cast("Document", holder) if isinstance(holder, dict) else range(len(holder)))]
        holder[draw(st.sampled_from(keys))] = draw(VALUES)
    return document


@settings(max_examples=50, deadline=None)
@given(broken() | VALUES)
def test_any_document_is_a_rule_or_refused_with_reasons(document: JsonValue) -> None:
    before = deepcopy(document)
    report = check(document)
    assert document == before
    assert all(problem.code and problem.where and problem.message.endswith((".", "?")) for problem in report.problems)
