"""Rows as they really are, and worse."""

from typing import Any

import pytest
from ichor_edgestore.stored_graph import GraphColumns, distinct_names, read_graph
from ichor_models import Action, EdgeType, Graph


def graph(actions: list[list[Any]], edges: list[list[Any]] | None = None) -> Graph:
    """Return the graph of rows."""
    columns = [*_columns(actions, 6), *_columns(edges or [], 5)]
    return read_graph(GraphColumns(*columns))


def _columns(rows: list[list[Any]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) or [()] * width


def action(config: str | None, template: str | None = None) -> Action:
    """Return the one action of a row."""
    return graph([["1", "a", None, True, template, config]]).actions[0]


@pytest.mark.parametrize(
    ("template", "config", "type_", "kept"),
    [
        ("mail", '{"action_type": "x", "type": "y", "a": 1}', "mail", {"a": 1}),
        (None, '{"action_type": "x", "type": "y", "a": 1}', "x", {"a": 1}),
        (None, '{"type": "y", "a": 1}', "y", {"a": 1}),
        ("", '{"action_type": 5, "type": "y"}', "y", {}),
        (None, '{"action_type": "", "type": "y"}', "y", {}),
    ],
)
def test_the_type_is_the_templates_then_the_configs(
    template: str | None, config: str, type_: str, kept: dict[str, Any]
) -> None:
    found = action(config, template)
    assert (found.type, found.config, found.problem) == (type_, kept, None)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (None, "no JSON object"),
        ("null", "no JSON object"),
        ("[]", "no JSON object"),
        ('"text"', "no JSON object"),
        ('{"a": ' + "9" * 5000 + "}", "cannot be read"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "cannot be read"),
        ('{"a": ' + "[" * 400 + "]" * 400 + "}", "cannot be read"),
        ('{"options": {"timeout": "soon"}}', "options.timeout"),
        ('{"options": []}', "options"),
        ('{"options": {"unknown": 1}}', "options.unknown"),
    ],
)
def test_a_config_that_cannot_be_read_is_a_problem_of_its_action(config: str | None, problem: str) -> None:
    found = action(config, "mail")
    assert problem in (found.problem or "")
    assert (found.id, found.name, found.type) == ("1", "a", "mail")


def test_an_action_without_a_type_has_a_problem() -> None:
    assert "no type" in (action('{"a": 1}').problem or "")


@pytest.mark.parametrize("type_", ["ichor.run_ended", "x" * 300])
def test_a_type_that_no_handler_can_have(type_: str) -> None:
    found = action(f'{{"action_type": "{type_}"}}', None)
    assert found.type == ""
    assert "cannot be one" in (found.problem or "")


def test_the_options_are_taken_out() -> None:
    found = action('{"options": {"timeout": "5s"}, "a": 1}', "mail")
    assert found.config == {"a": 1}
    assert found.options.timeout


def test_names_that_repeat_are_numbered_and_marked() -> None:
    rows = [[str(number), name, None, True, "mail", "{}"] for number, name in enumerate(["a", "a#2", "a", "b", None])]
    found = graph(rows).actions
    assert [(item.name, item.repeated) for item in found] == [
        ("a", True),
        ("a#2", False),
        ("a#3", True),
        ("b", False),
        ("4", False),
    ]


@pytest.mark.parametrize(
    ("names", "distinct"),
    [
        ([], []),
        (["a", "a", "a"], ["a", "a#2", "a#3"]),
        (["a", "a", "a#2"], ["a", "a#3", "a#2"]),
        (["a#2", "a#2", "a", "a"], ["a#2", "a#2#2", "a", "a#3"]),
    ],
)
def test_no_two_distinct_names_are_the_same(names: list[str], distinct: list[str]) -> None:
    assert distinct_names(names) == distinct


def test_an_edge_of_an_unknown_type_makes_its_target_fail() -> None:
    rows = [["1", "a", None, True, "mail", "{}"], ["2", "b", None, True, "mail", "{}"]]
    found = graph(rows, [[None, "1", "start", None, 0], ["1", "2", "maybe", "p", 0], [None, "1", "first", None, 0]])
    assert [item.problem is None for item in found.actions] == [False, False]
    assert "'maybe'" in (found.actions[1].problem or "")
    assert [(edge.type, edge.source_output) for edge in found.edges] == [
        (EdgeType.START, None),
        (EdgeType.SEQUENCE, "p"),
    ]


def test_ports_are_for_edges_that_take_one() -> None:
    rows = [[str(number), f"a{number}", None, True, "mail", "{}"] for number in range(2)]
    types = ["sequence", "parallel", "always", "true_branch", "false_branch"]
    found = graph(rows, [["0", "1", type_, "p", 0] for type_ in types])
    assert [edge.source_output for edge in found.edges] == ["p", "p", None, None, None]


def test_the_same_edge_twice_is_one() -> None:
    rows = [["1", "a", None, True, "mail", "{}"]]
    found = graph(rows, [[None, "1", "start", None, 3], [None, "1", "start", "", 5]])
    assert [edge.order for edge in found.edges] == [3]


def test_a_rule_without_rows_is_an_empty_graph() -> None:
    assert read_graph(GraphColumns()) == Graph(actions=(), edges=())


def test_the_same_rows_are_read_once() -> None:
    rows = [["1", "a", None, True, "mail", "{}"]]
    assert graph(rows) is graph(rows)
