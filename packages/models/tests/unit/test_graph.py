import json
from copy import deepcopy
from hashlib import sha256
from typing import Any

import pytest
from ichor_models import Action, Edge, EdgeType, Graph
from pydantic import ValidationError

DOCUMENT: dict[str, Any] = {
    "actions": [
        {"name": "a", "type": "mail", "config": {"x": 1, "y": {"b": [1, 2], "a": "ü"}}, "options": {"timeout": "90s"}},
        {"name": "b", "type": "mail", "id": "7", "is_active": False},
    ],
    "edges": [
        {"target": "a", "type": "start"},
        {"source": "a", "target": "b", "type": "sequence", "source_output": "x", "order": 2},
    ],
}


def version(document: dict[str, Any] = DOCUMENT) -> str:
    return Graph.model_validate(document).version


def test_the_same_graph_has_the_same_version_however_it_is_written() -> None:
    other = deepcopy(DOCUMENT)
    other["actions"][0]["config"] = {"y": {"a": "ü", "b": [1, 2]}, "x": 1}
    other["actions"][0]["options"] = {"timeout": "1m30s"}
    other["actions"][0]["is_active"] = True
    other["edges"][0] = {"type": "start", "target": "a", "source": None, "order": 0}
    assert version(other) == version()
    graph = Graph.model_validate(DOCUMENT)
    assert Graph.model_validate_json(graph.model_dump_json()).version == graph.version
    assert Graph.model_validate(json.loads(json.dumps(graph.model_dump(mode="json")))) == graph


def test_a_version_is_the_same_everywhere() -> None:
    assert Graph(actions=(), edges=()).version == sha256(b'{"actions":[],"edges":[]}').hexdigest()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("actions", 0, "name"), "c"),
        (("actions", 0, "type"), "call"),
        (("actions", 0, "config", "x"), 2),
        (("actions", 0, "config", "y", "b"), [2, 1]),
        (("actions", 0, "options", "timeout"), "91s"),
        (("actions", 0, "is_active"), False),
        (("actions", 1, "id"), "8"),
        (("actions", 1, "problem"), "unreadable"),
        (("edges", 0, "order"), 1),
        (("edges", 1, "source_output"), "y"),
        (("edges", 1, "type"), "parallel"),
    ],
)
def test_every_difference_is_another_version(place: tuple[str | int, ...], value: object) -> None:
    other: Any = deepcopy(DOCUMENT)
    inner = other
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    assert version(other) != version()


@pytest.mark.parametrize(
    ("type_", "is_branch", "takes_port"),
    [
        ("start", False, False),
        ("sequence", False, True),
        ("parallel", False, True),
        ("true_branch", True, False),
        ("false_branch", True, False),
        ("always", False, False),
    ],
)
def test_edge_types(type_: str, is_branch: bool, takes_port: bool) -> None:
    kind = EdgeType(type_)
    assert (kind.is_branch, kind.takes_port) == (is_branch, takes_port)


@pytest.mark.parametrize("order", [-(2**31) + 1, 0, 2**31 - 1])
def test_an_order_is_what_a_column_holds(order: int) -> None:
    assert Edge(target="a", type=EdgeType.START, order=order).order == order


@pytest.mark.parametrize("order", [-(2**31), 2**31, "1", 1.0, True, None])
def test_nothing_else_is_an_order(order: object) -> None:
    with pytest.raises(ValidationError):
        Edge.model_validate({"target": "a", "type": "start", "order": order})


def test_there_are_no_other_edge_types() -> None:
    assert len(EdgeType) == 6


def test_an_action_is_identified_by_its_id_else_by_its_name() -> None:
    assert Action(id="7", name="a", type="t").key == "7"
    assert Action(name="a", type="t").key == Action(id="", name="a", type="t").key == "a"


def test_what_only_a_stored_action_has_is_written_only_where_it_is_there() -> None:
    assert not {"problem", "repeated"} & Action(name="a", type="t").model_dump().keys()
    stored = Action(name="a", type="t", problem="unreadable", repeated=True)
    assert Action.model_validate(stored.model_dump()) == stored


def test_a_graph_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Graph.model_validate(DOCUMENT).actions[0].name = "b"
