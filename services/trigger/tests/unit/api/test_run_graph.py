"""A run drawn: what became of its nodes and edges."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ichor_edgestore import ActionView, RunView
from ichor_models import EventId, ExecutionId, Graph, RunStatus, ValueLimit
from ichor_trigger.api.run_graph import RunGraph, run_graph
from pydantic import JsonValue

START = datetime(2026, 11, 23, 20, tzinfo=UTC)
GRAPH = Graph.model_validate(
    {
        "actions": [{"name": name, "type": "log"} for name in ("check", "hold", "tell", "confirm", "both", "last")],
        "edges": [
            {"target": "check", "type": "start"},
            {"source": "check", "target": "hold", "type": "true_branch"},
            {"source": "check", "target": "confirm", "type": "false_branch"},
            {"source": "check", "target": "tell", "type": "sequence", "source_output": "success"},
            {"source": "hold", "target": "both", "type": "sequence"},
            {"source": "tell", "target": "both", "type": "sequence"},
            {"source": "confirm", "target": "both", "type": "sequence"},
            {"source": "tell", "target": "last", "type": "always"},
            {"source": "both", "target": "last", "type": "always"},
        ],
    }
)


def drawn(status: RunStatus, graph: Graph = GRAPH, **states: str | Mapping[str, Any]) -> RunGraph:
    actions = [{"state": state} if isinstance(state, str) else state for state in states.values()]
    view = RunView(
        execution_id=ExecutionId("x"),
        workflow_id="w",
        event_id=EventId("e"),
        entity_name="orders",
        source="manual",
        status=status,
        created=START,
        started=None if status is RunStatus.PENDING else START,
        trigger_data={},
        graph_version=graph.version,
        graph=graph,
        actions=tuple(
            ActionView.model_validate({"name": name, "type": "log", **action})
            for name, action in zip(states, actions, strict=True)
        ),
    )
    return run_graph(view)


def edges(graph: RunGraph) -> dict[str, str | None]:
    return {f"{edge.source}>{edge.target}": edge.resolution for edge in graph.edges}


def test_edges_of_a_run_that_ended_follow_the_law():
    graph = drawn(
        RunStatus.PARTIAL,
        check={"state": "completed", "result": {"branch_taken": "true_branch"}},
        hold={"state": "passed"},
        tell={"state": "failed", "error": {"message": "no"}},
        confirm={"state": "skipped"},
        both={"state": "blocked"},
        last={"state": "completed"},
    )
    assert edges(graph) == {
        "None>check": "taken",
        "check>hold": "taken",
        "check>confirm": "skipped",
        "check>tell": "taken",
        "hold>both": "taken",
        "tell>both": "broken",
        "confirm>both": "skipped",
        "tell>last": "taken",
        "both>last": "broken",
    }
    assert [node.state for node in graph.nodes] == ["completed", "passed", "failed", "skipped", "blocked", "completed"]
    assert graph.nodes[2].error == {"message": "no"}


def test_a_failure_with_an_edge_of_its_own_is_handled():
    handled = Graph.model_validate(
        {
            "actions": [{"name": name, "type": "log"} for name in ("tell", "then", "otherwise")],
            "edges": [
                {"source": "tell", "target": "then", "type": "sequence"},
                {"source": "tell", "target": "otherwise", "type": "sequence", "source_output": "failure"},
            ],
        }
    )
    assert edges(drawn(RunStatus.COMPLETED, handled, tell="failed")) == {
        "tell>then": "skipped",
        "tell>otherwise": "taken",
    }


def test_what_is_not_known_yet_is_open():
    graph = drawn(RunStatus.RUNNING, tell={"state": "failed", "attempts": 1}, hold={"state": "running"})
    assert edges(graph) == {"None>check": "taken", **dict.fromkeys(list(edges(graph))[1:])}
    assert {node.name: node.state for node in graph.nodes if node.state != "open"} == {
        "hold": "running",
        "tell": "failed",
    }


def test_the_edges_of_a_result_that_was_changed_by_hand_are_open():
    forged = {"state": "completed", "result": {"ichor.stored": {"values": 1}}}
    assert edges(drawn(RunStatus.COMPLETED, check=forged))["check>hold"] is None


def test_what_was_cancelled_breaks_its_edges_but_those_that_may_have_asked_for_cleanup():
    graph = drawn(RunStatus.CANCELLED, check="completed", hold="cancelled", tell="cancelled", both="cancelled")
    found = edges(graph)
    assert (found["hold>both"], found["tell>both"]) == ("broken", "broken")
    assert (found["tell>last"], found["both>last"], found["confirm>both"]) == (None, None, None)


@pytest.mark.parametrize(("ended", "took"), [(START + timedelta(seconds=1.5), 1500), (START, 0), (None, None)])
def test_nodes_say_how_long_they_took(ended: datetime | None, took: int | None):
    graph = drawn(RunStatus.RUNNING, check={"state": "completed", "started": START, "ended": ended, "attempts": 2})
    node = graph.nodes[0]
    assert (node.started, node.ended, node.duration_ms, node.attempts) == (START, ended, took, 2)


def test_a_run_that_never_started_took_no_edge():
    assert set(edges(drawn(RunStatus.PENDING)).values()) == {None}


def test_the_port_of_a_result_that_did_not_travel_is_known():
    large: dict[str, JsonValue] = {"branch_taken": "false_branch", "fill": "x" * 1000}
    graph = drawn(RunStatus.COMPLETED, check={"state": "completed", "result": ValueLimit(100).fit(large).result})
    assert (edges(graph)["check>hold"], edges(graph)["check>confirm"]) == ("skipped", "taken")
