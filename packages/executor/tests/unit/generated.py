"""Graphs and cases made by hypothesis: any shape, and any mix of edges, failures, ports and conditions."""

from hypothesis import strategies as st
from ichor_models import CONDITION, Action, Case, Edge, EdgeType, Graph, Rule, RunOptions, Trigger
from pydantic import JsonValue

PORTS = ("success", "left", "right", "failure")


@st.composite
def graphs(draw: st.DrawFn, most: int = 9) -> Graph:
    """Draw a graph that the analyzer accepts: every action can be reached, edges lead forward."""
    count = draw(st.integers(1, most))
    conditions = draw(st.sets(st.integers(0, count - 1), max_size=3))
    actions = tuple(_action(index, index in conditions, draw(st.integers(0, 9)) > 0) for index in range(count))
    edges: dict[tuple[str | None, str, str, str | None], Edge] = {}
    for target in range(count):
        sources = draw(st.lists(st.integers(-1, target - 1), min_size=1, max_size=3, unique=True))
        for source in sources:
            edge = _edge(draw, source, target, source in conditions, len(edges) + 1)
            edges[(edge.source, edge.target, edge.type, edge.source_output)] = edge
    return Graph(actions=actions, edges=tuple(edges.values()))


@st.composite
def cases(draw: st.DrawFn, graph: Graph) -> Case:
    """Draw what the actions of a graph return."""
    results: dict[str, object] = {}
    for action in graph.actions:
        kind = draw(st.sampled_from(["none", "none", "port", "error"]))
        if kind == "error":
            results[action.name] = {"error": f"{action.name} broke"}
        elif kind == "port":
            results[action.name] = {"result": {"output": draw(st.sampled_from(PORTS)), "value": 7}}
    amount = draw(st.integers(0, 100))
    return Case.model_validate({"trigger_data": {"amount": amount}, "results": results})


def rule_of(graph: Graph, max_in_flight: int = 100) -> Rule:
    """Return a rule of a graph."""
    trigger = Trigger.model_validate({"entity": "orders", "event": "on_create"})
    options = RunOptions(max_in_flight=max_in_flight)
    return Rule(name="generated", trigger=trigger, options=options, actions=graph.actions, edges=graph.edges)


def _action(index: int, condition: bool, active: bool) -> Action:
    if condition:
        compare: JsonValue = {"field_name": "amount", "operator": "greater_than", "value": 11 * index}
        return Action(name=f"a{index}", type=CONDITION, config={"conditions": [compare]}, is_active=active)
    return Action(name=f"a{index}", type="log_audit_entry", config={"message": "{{amount}}"}, is_active=active)


def _edge(draw: st.DrawFn, source: int, target: int, condition: bool, order: int) -> Edge:
    if source < 0:
        return Edge(source=None, target=f"a{target}", type=EdgeType.START, order=order)
    kinds = [EdgeType.SEQUENCE, EdgeType.PARALLEL, EdgeType.ALWAYS]
    if condition:
        kinds += [EdgeType.TRUE_BRANCH, EdgeType.FALSE_BRANCH]
    kind = draw(st.sampled_from(kinds))
    port = draw(st.sampled_from([None, None, *PORTS, "true", "false"])) if kind.takes_port else None
    return Edge(source=f"a{source}", target=f"a{target}", type=kind, order=order, source_output=port)
