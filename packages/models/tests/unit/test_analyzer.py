import re
from collections.abc import Iterable
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import (
    CONDITION,
    CONTROL_TYPES,
    Action,
    ActionType,
    Catalogue,
    Condition,
    Edge,
    EdgeType,
    EventType,
    Operator,
    Problem,
    Report,
    Rule,
    Trigger,
    analyze_rule,
)
from ichor_models.model import Model
from pydantic import Field, JsonValue

type Config = dict[str, Any]
TRIGGER = Trigger(entity="orders", event=EventType.ON_UPDATE)


class Mail(Model):
    message: str
    to: tuple[str, ...] = ()
    copies: int = 1
    urgent: bool = False
    kind: Literal["plain", "html"] = "plain"
    extra: dict[str, JsonValue] = Field(default_factory=dict)


CATALOGUE = Catalogue(
    [*CONTROL_TYPES, ActionType("mail", Mail, ports=("sent", "bounced")), ActionType("ask", Mail, open_ports=True)]
)


def action(name: str, type_: str = "mail", *, active: bool = True, **config: Any) -> Action:
    return Action(name=name, type=type_, is_active=active, config=config or {"message": "x"})


def condition(name: str, *conditions: Config, **rest: Any) -> Action:
    return action(name, CONDITION, conditions=list(conditions) or [{"field_name": "x", "operator": "is_null"}], **rest)


def edges(written: str) -> Iterable[Edge]:
    """Read edges like `> a, a > b, a true> b, a always> b, a bounced> b`."""
    words = {
        "": EdgeType.SEQUENCE,
        "true": EdgeType.TRUE_BRANCH,
        "false": EdgeType.FALSE_BRANCH,
        "always": EdgeType.ALWAYS,
    }
    for text in written.split(","):
        left, target = text.split(">")
        source, _, kind = left.strip().partition(" ")
        if not source:
            yield Edge(target=target.strip(), type=EdgeType.START)
        elif kind in words:
            yield Edge(source=source, target=target.strip(), type=words[kind])
        else:
            yield Edge(source=source, target=target.strip(), type=EdgeType.SEQUENCE, source_output=kind)


def analyze(actions: Iterable[Action], written: str, name: str = "Order approval") -> Report:
    rule = Rule(name=name, trigger=TRIGGER, actions=tuple(actions), edges=tuple(edges(written)))
    return analyze_rule(rule, CATALOGUE)


def coded(found: Iterable[Problem]) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in found]


def problems(config: Config, type_: str = "mail") -> list[tuple[str, str]]:
    """Return what is wrong with the config of one action `a`, without the place of the action."""
    report = analyze([Action(name="a", type=type_, config=config)], "> a")
    return [(code, where.removeprefix("actions.a.")) for code, where in coded(report.problems)]


@pytest.mark.parametrize(
    "config",
    [
        {"message": "plain"},
        {"message": "{{ total }}", "to": ["{{ a_field }}"], "extra": {"x": {"{{ key }}": "{{ y | first }}"}}},
        {"message": "x", "to": "{{ people }}", "copies": "{{ n }}", "urgent": "{{ vip }}", "kind": "{{ kind }}"},
        {"message": "x", "to": "{{ expr: 1 + 1 }}", "extra": "{{ trigger }}"},
        {"message": "x", "copies": "{{ n }}0", "kind": "{{ x }}{{ y }}"},
        {"message": "{{secret:key}}", "to": ["{{ secret:key }}"]},
        {"message": 5},
        {"message": True, "to": [1, None]},
        {"message": None},
        {"message": '{"a": {"b": "{{ x }}"}} } {'},
    ],
)
def test_a_config_that_fits_or_will_be_known_only_then(config: Config) -> None:
    assert problems(config) == []


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, [("invalid_config", "config.message")]),
        ({"massage": "x"}, [("invalid_config", "config.message"), ("invalid_config", "config.massage")]),
        ({"message": "x", "more": "{{ x }}"}, [("invalid_config", "config.more")]),
        ({"message": "x", "copies": "many"}, [("invalid_config", "config.copies")]),
        ({"message": "x", "to": "you"}, [("invalid_config", "config.to")]),
        ({"message": "x", "to": "{{ x }} and {{ y }}"}, [("invalid_config", "config.to")]),
        ({"message": "x", "to": "{{secret:key}}"}, [("invalid_config", "config.to")]),
        ({"message": "x", "to": ["a", {"b": 1}]}, [("invalid_config", "config.to.1")]),
        ({"message": "x", "extra": "{{ x }}!"}, [("invalid_config", "config.extra")]),
        ({"message": "x", "kind": "rich"}, [("invalid_config", "config.kind")]),
        ({"message": ["x"]}, [("invalid_config", "config.message")]),
        ({"message": "{{ total"}, [("malformed_template", "config.message")]),
        ({"message": "total }}"}, [("malformed_template", "config.message")]),
        (
            {"message": "{{ a..b }}{{}}"},
            [("malformed_template", "config.message"), ("malformed_template", "config.message")],
        ),
        ({"message": "{{secret:my key}}"}, [("malformed_template", "config.message")]),
        ({"message": "{{ x | upper }}"}, [("unknown_filter", "config.message")]),
        ({"message": "{{ x | round:two }}"}, [("invalid_filter_argument", "config.message")]),
        ({"message": "{{ expr: 1 + }}"}, [("invalid_expression", "config.message")]),
        ({"message": "x", "copies": "{{ x | upper }}"}, [("unknown_filter", "config.copies")]),
        ({"message": "x", "extra": {"a": [{"b": "{{ x | upper }}"}]}}, [("unknown_filter", "config.extra.a.0.b")]),
        ({"message": "{{ a.result }}"}, [("not_upstream", "config.message")]),
        ({"message": "{{ expr: a.n + 1 }}"}, [("not_upstream", "config.message")]),
        (
            {"message": "{{ x | upper }}", "to": ["{{ a.x }}", "{{"], "copies": "many", "more": 1},
            [
                ("invalid_config", "config.copies"),
                ("invalid_config", "config.more"),
                ("unknown_filter", "config.message"),
                ("malformed_template", "config.to.1"),
                ("not_upstream", "config.to.0"),
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_config_has_its_code_and_its_place(config: Config, found: list[tuple[str, str]]) -> None:
    assert problems(config) == found


@pytest.mark.parametrize(
    ("type_", "config", "found"),
    [
        ("evaluate_condition", {"conditions": []}, [("invalid_config", "config.conditions")]),
        ("evaluate_condition", {}, [("invalid_config", "config.conditions")]),
        (
            "evaluate_condition",
            {"conditions": [{"field_name": "total", "operator": "bigger", "value": 5}]},
            [("invalid_config", "config.conditions.0.operator")],
        ),
        (
            "evaluate_condition",
            {"conditions": [{"operator": "is_null"}], "logic_type": "xor"},
            [("invalid_config", "config.conditions.0.field_name"), ("invalid_config", "config.logic_type")],
        ),
        (
            "evaluate_condition",
            {"conditions": [{"field_name": "a.x", "operator": "equals", "value": "{{ a.y }} {{secret:z}}"}]},
            [
                ("secret_not_allowed", "config.conditions.0.value"),
                ("not_upstream", "config.conditions.0.value"),
                ("not_upstream", "config.conditions.0.field_name"),
            ],
        ),
        ("evaluate_condition", {"conditions": [{"field_name": "a.x", "operator": "changed_to", "value": 1}]}, []),
        ("evaluate_condition", {"conditions": "{{ conditions }}"}, []),
        ("evaluate_condition", {"conditions": ["{{ condition }}"]}, []),
        ("evaluate_condition", {"conditions": [{"field_name": "x", "operator": "{{ op }}"}]}, []),
        (
            "evaluate_condition",
            {
                "conditions": [
                    {"field_name": "{{ which }}", "operator": operator} for operator in ("is_null", "changed_to")
                ]
            },
            [("malformed_template", f"config.conditions.{index}.field_name") for index in range(2)],
        ),
        (
            "evaluate_condition",
            {"conditions": [{"field_name": name, "operator": "is_null"} for name in ("x..y", " ", ".x", "x.y")]},
            [("malformed_template", f"config.conditions.{index}.field_name") for index in range(3)],
        ),
        ("evaluate_condition", {"conditions": [{"field_name": "x..y", "operator": "changed_to", "value": 1}]}, []),
        ("delay", {"duration": "90s"}, []),
        ("delay", {"duration": "1h30m"}, []),
        ("delay", {"duration": "P1DT2H"}, []),
        ("delay", {"duration": "{{ days }}d"}, []),
        ("delay", {"duration": "soon"}, [("invalid_config", "config.duration")]),
        ("delay", {"duration": 90}, [("invalid_config", "config.duration")]),
        ("delay", {"duration": "0s"}, [("invalid_config", "config.duration")]),
        ("delay", {}, [("invalid_config", "config.duration")]),
        ("delay", {"duration": "{{secret:d}}"}, [("secret_not_allowed", "config.duration")]),
        ("teleport", {"anything": "{{ fine }}"}, [("unknown_action_type", "type")]),
        (
            "teleport",
            {"anything": "{{ x | upper }}"},
            [("unknown_action_type", "type"), ("unknown_filter", "config.anything")],
        ),
        ("", {}, [("unknown_action_type", "type")]),
    ],
)
def test_the_built_in_types_and_unknown_ones(type_: str, config: Config, found: list[tuple[str, str]]) -> None:
    assert problems(config, type_) == found


def test_an_unknown_type_is_told_with_those_that_are_known() -> None:
    (problem,) = analyze([action("a", "teleport")], "> a").problems
    assert problem.message == (
        "'teleport' is no action type that is known here; there are ask, delay, evaluate_condition, mail."
    )


def test_a_key_that_is_unknown_or_missing_is_told_with_its_type() -> None:
    messages = [problem.message for problem in analyze([action("a", massage="x")], "> a").problems]
    assert messages == [
        "mail needs the config key 'message'; add it.",
        "mail has no config key 'massage'; did you mean 'message'?",
    ]


def test_a_stored_action_that_cannot_be_read_is_a_problem() -> None:
    broken = Action(name="a", type="mail", config={"message": "x"}, problem="its config is no JSON object")
    assert coded(analyze([broken], "> a").problems) == [("invalid_action", "actions.a")]


@pytest.mark.parametrize("name", ["", " "])
def test_a_rule_has_a_name(name: str) -> None:
    assert coded(analyze([action("a")], "> a", name).problems) == [("invalid_name", "name")]


def test_the_fields_of_a_triggers_conditions_are_paths() -> None:
    conditions = [
        Condition(field_name="x..y", operator=Operator.IS_NULL),
        Condition(field_name="customer.vip", operator=Operator.IS_NULL),
        Condition(field_name="x.", operator=Operator.CHANGED_TO),
        Condition(field_name="x.", operator=Operator.EQUALS),
        Condition(field_name="{{ total }}", operator=Operator.EQUALS, value=5),
    ]
    trigger = Trigger(event=EventType.MANUAL, conditions=tuple(conditions))
    rule = Rule(name="r", trigger=trigger, actions=(action("a"),), edges=tuple(edges("> a")))
    assert coded(analyze_rule(rule, CATALOGUE).problems) == [
        ("malformed_template", "trigger.conditions.0.field_name"),
        ("malformed_template", "trigger.conditions.3.field_name"),
        ("malformed_template", "trigger.conditions.4.field_name"),
    ]


@pytest.mark.parametrize(
    ("template", "reads"),
    [
        ("{{ b.x }}", True),
        ("{{ b }}", True),
        ("{{ Check Amount!.x }}", True),
        ("{{ check_amount.x }}", True),
        ("{{ expr: check_amount.x * 2 }}", True),
        ("{{ b.x | default:y }}", True),
        ("text {{ b.x }}", True),
        ("{{ trigger.b }}", False),
        ("{{ total.b }}", False),
        ("{{ old_b }}", False),
        ("{{ B.x }}", False),
        ("{{ Check Amount.x }}", False),
        ("{{ $now }} {{ $me }} {{ rule_id }}", False),
    ],
)
def test_a_template_reads_only_actions_that_come_before(template: str, reads: bool) -> None:
    actions = [action("b"), action("Check Amount!"), action("reader", message=template)]
    siblings = analyze(actions, "> b, > Check Amount!, > reader")
    assert coded(siblings.problems) == ([("not_upstream", "actions.reader.config.message")] if reads else [])
    before = "> b, > Check Amount!"
    behind = Rule(
        name="r",
        trigger=TRIGGER,
        actions=tuple(actions),
        edges=(
            *edges(before),
            Edge(source="b", target="reader", type=EdgeType.SEQUENCE),
            Edge(source="Check Amount!", target="reader", type=EdgeType.PARALLEL),
        ),
    )
    assert analyze_rule(behind, CATALOGUE).problems == ()


@pytest.mark.parametrize("way", ["b > m, m > r", "b always> m, m > r", "b bounced> m, m failure> r", "b > r, b > m"])
def test_an_action_is_upstream_however_far_and_by_any_edge(way: str) -> None:
    actions = [action("b"), action("m"), action("r", message="{{ b.x }}")]
    assert coded(analyze(actions, f"> b, {way}, > m" if "m, m" not in way else f"> b, {way}").problems) == []


def test_each_place_that_is_not_upstream_is_told_once() -> None:
    reader = action("r", message="{{ b.x }} {{ b.y }}", to=["{{ c.z }}", "{{ r }}"])
    found = analyze([action("b"), action("c"), reader], "> b, > c, > r, c > b").problems
    assert sorted(coded(found)) == [
        ("not_upstream", "actions.r.config.message"),
        ("not_upstream", "actions.r.config.to.0"),
        ("not_upstream", "actions.r.config.to.1"),
    ]
    assert "'b' does not come before 'r'" in found[0].message


@pytest.mark.parametrize(
    ("way", "places"),
    [
        ("> a, a > r", []),
        ("> a, > b, a > r, b > r", []),
        ("> a, a > b, b > r", []),
        ("> a, a always> r", []),
        ("> c, c true> a, c false> r, a > r", ["message"]),
        ("> c, c true> a, a > r", []),
        ("> c, c true> a, c false> b, a > r, b > r", ["message"]),
        ("> c, c true> a, a > m, c false> m, m > r", ["message"]),
        ("> b, b bounced> a, a > r, b > r", ["message"]),
        ("> b, b sent> a, a > r, b bounced> r", ["message"]),
        ("> b, b > a, a > r, b failure> r", ["message"]),
        ("> b, b failure> a, a > r, b > r", ["message"]),
        ("> b, b > a, b always> r, a > r", []),
        ("> a, a failure> b, a > r, b > r", []),
    ],
)
def test_a_template_on_an_action_that_may_be_skipped_is_warned_of(way: str, places: list[str]) -> None:
    actions = [action("a"), action("b"), condition("c"), action("m"), action("r", message="{{ a.x }}")]
    used = [
        item for item in actions if re.search(rf"\b{item.name}\b", way.replace("failure", "").replace("always", ""))
    ]
    report = analyze(used, way)
    assert report.valid
    warned = [where for code, where in coded(report.warnings) if code == "may_be_skipped"]
    assert warned == [f"actions.r.config.{place}" for place in places]


def test_a_default_or_a_null_test_provides_for_what_may_be_skipped() -> None:
    way = "> c, c true> a, c false> r, a > r, > d, a > d"
    reader = action("r", message="{{ a.x | default:none }}", to=["{{ a.x }}", "{{ expr: a.x + 1 }}"])
    tested = condition("d", {"field_name": "a.x", "operator": "is_null"}, {"field_name": "a.x", "operator": "equals"})
    warned = coded(analyze([action("a"), condition("c"), reader, tested], way).warnings)
    assert sorted(warned) == [
        ("may_be_skipped", "actions.d.config.conditions.1.field_name"),
        ("may_be_skipped", "actions.r.config.to.0"),
        ("may_be_skipped", "actions.r.config.to.1"),
    ]


def test_a_template_on_an_inactive_action_is_warned_of() -> None:
    report = analyze([action("a", active=False, message="x"), action("r", message="{{ a.x }}")], "> a, a > r")
    assert coded(report.warnings) == [("may_be_skipped", "actions.r.config.message")]
    assert "is inactive" in report.warnings[0].message


@pytest.mark.parametrize(
    ("port", "warned"), [("sent", False), ("bounced", False), ("failure", False), ("success", True), ("returned", True)]
)
def test_a_port_that_the_type_does_not_declare_is_warned_of(port: str, warned: bool) -> None:
    report = analyze([action("a"), action("b")], f"> a, a {port}> b")
    assert report.valid
    assert coded(report.warnings) == ([("undeclared_port", "edges[1] (a -> b)")] if warned else [])


def test_a_type_with_open_ports_leaves_by_any() -> None:
    assert analyze([action("a", "ask"), action("b")], "> a, a refunded> b").warnings == ()


@pytest.mark.parametrize(("port", "warned"), [("true", False), ("false", False), ("failure", False), ("yes", True)])
def test_a_condition_leaves_by_true_and_false(port: str, warned: bool) -> None:
    written = (
        Edge(target="c", type=EdgeType.START),
        Edge(source="c", target="b", type=EdgeType.SEQUENCE, source_output=port),
    )
    rule = Rule(name="r", trigger=TRIGGER, actions=(condition("c"), action("b")), edges=written)
    assert [code for code, _ in coded(analyze_rule(rule, CATALOGUE).warnings)] == ["undeclared_port"] * warned


def test_warnings_do_not_refuse_and_stand_beside_problems() -> None:
    report = analyze(
        [action("a"), action("b"), action("j"), action("x", "teleport")], "> a, > b, a > j, b > j, a failure> x"
    )
    assert coded(report.warnings) == [("failure_join", "edges[2] (a -> j)")]
    assert coded(report.problems) == [("unknown_action_type", "actions.x.type")]
    assert not report.valid


def test_everything_is_reported_at_once() -> None:
    actions = [
        condition("if", {"field_name": "later.x", "operator": "equals", "value": "{{ x | upper }}"}),
        action("later", message="{{ if.result", to="nobody"),
        action("later", "teleport"),
        action("Trigger"),
        action("alone"),
    ]
    report = analyze(actions, "> if, if true> later, later false> Trigger, Trigger > later, nowhere > alone", "")
    assert {code for code, _ in coded(report.problems)} == {
        "invalid_name",
        "duplicate_name",
        "reserved_name",
        "branch_without_condition",
        "unknown_action",
        "cycle",
        "unreachable_action",
        "unknown_action_type",
        "invalid_config",
        "malformed_template",
        "unknown_filter",
        "not_upstream",
    }


NAMES = st.sampled_from(["a", "b", "A", "Trigger", "", " c", "a.b", "if"])
TEXTS = st.lists(
    st.sampled_from(["{{", "}}", " a.x ", "b", "|", "upper", "round:2", "expr:", "+", "secret:", "x", "{", "}", "90s"]),
    max_size=5,
).map("".join)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["message", "to", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
CONFIGS = st.dictionaries(
    st.sampled_from(["message", "to", "copies", "urgent", "kind", "extra", "duration", "conditions", "logic_type"]),
    VALUES,
) | st.fixed_dictionaries(
    {
        "conditions": st.lists(
            st.fixed_dictionaries({"field_name": TEXTS, "operator": st.just("equals") | VALUES, "value": VALUES})
        )
    }
)
ACTIONS = st.builds(
    Action,
    name=NAMES,
    type=st.sampled_from(["mail", CONDITION, "delay", "teleport"]),
    config=CONFIGS,
    is_active=st.booleans(),
    id=st.sampled_from([None, "1", "a"]),
)
EDGES = st.builds(
    Edge,
    source=st.none() | NAMES,
    target=NAMES,
    type=st.sampled_from(EdgeType),
    source_output=st.sampled_from([None, None, "failure", "sent", "true", "x"]),
)
MEND = re.compile(
    r"\b(add|remove|rename|connect|correct|write|use|set|name|make|choose|put|accept|join|drop|needs|shorten)\b", re.I
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTIONS, max_size=5), st.lists(EDGES, max_size=7), st.sampled_from(["rule", ""]))
def test_any_rule_is_analyzed_and_everything_found_says_what_to_do(
    actions: list[Action], edges: list[Edge], name: str
) -> None:
    report = analyze_rule(Rule(name=name, trigger=TRIGGER, actions=tuple(actions), edges=tuple(edges)), CATALOGUE)
    for problem in (*report.problems, *report.warnings):
        assert problem.where
        assert re.fullmatch("[a-z_]+", problem.code)
        assert problem.message.endswith(".")
        assert MEND.search(problem.message) or problem.code in ("undeclared_port", "unknown_action_type"), problem
