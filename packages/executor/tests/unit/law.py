"""The law of semantics.md written a second time, as slowly and plainly as possible, to check the machine against."""

from collections.abc import Mapping
from typing import Any

from ichor_models import CONDITION, ActionState, Case, Edge, Graph, RunStatus

TAKEN, SKIPPED, BROKEN = "taken", "skipped", "broken"


def expected(graph: Graph, case: Case) -> tuple[RunStatus, dict[str, ActionState]]:
    """Return the status and the states that the law gives, by going over the whole graph until nothing changes."""
    states: dict[str, ActionState] = {}
    edges: dict[int, str] = {index: TAKEN for index, edge in enumerate(graph.edges) if edge.source is None}
    while len(states) < len(graph.actions):
        for action in graph.actions:
            met = [index for index, edge in enumerate(graph.edges) if edge.target == action.name]
            if action.name in states or not all(index in edges for index in met):
                continue
            states[action.name] = state_of(graph, case, action.name, [edges[index] for index in met])
            for index, edge in enumerate(graph.edges):
                if edge.source == action.name:
                    edges[index] = edge_of(graph, case, edge, states[action.name])
    return _status(graph, states, edges), states


def state_of(graph: Graph, case: Case, name: str, met: list[str]) -> ActionState:
    action = next(action for action in graph.actions if action.name == name)
    if BROKEN in met:
        return ActionState.BLOCKED
    if TAKEN not in met:
        return ActionState.SKIPPED
    if not action.is_active:
        return ActionState.PASSED
    entry = case.results.get(name)
    if action.type != CONDITION and entry is not None and entry.error is not None:
        return ActionState.FAILED
    return ActionState.COMPLETED


def edge_of(graph: Graph, case: Case, edge: Edge, state: ActionState) -> str:
    sequence = edge.type in ("sequence", "parallel")
    port, branch = _port(graph, case, str(edge.source), state)
    handled = _handled(graph, str(edge.source))
    if state is ActionState.SKIPPED:
        return SKIPPED
    if state is ActionState.BLOCKED:
        return BROKEN
    if edge.type == "always":
        return TAKEN
    if state is ActionState.FAILED and not handled:
        return BROKEN
    if state is ActionState.FAILED:
        return TAKEN if sequence and edge.source_output == "failure" else SKIPPED
    if sequence:
        return TAKEN if edge.source_output is None or edge.source_output == port else SKIPPED
    return TAKEN if branch == edge.type else SKIPPED


def _port(graph: Graph, case: Case, name: str, state: ActionState) -> tuple[str, str | None]:
    action = next(action for action in graph.actions if action.name == name)
    if state is ActionState.PASSED:
        return "success", None
    if action.type == CONDITION:
        conditions: Any = action.config["conditions"]
        condition: Mapping[str, Any] = conditions[0]
        holds = case.trigger_data["amount"] > condition["value"]  # type: ignore[operator]
        return ("true", "true_branch") if holds else ("false", "false_branch")
    entry = case.results.get(name)
    result = (entry.result if entry else None) or {}
    return str(result.get("output", "success")), None


def _handled(graph: Graph, name: str) -> bool:
    return any(edge.source == name and edge.source_output == "failure" for edge in graph.edges)


def _status(graph: Graph, states: Mapping[str, ActionState], edges: Mapping[int, str]) -> RunStatus:
    unhandled = {name for name, state in states.items() if state is ActionState.FAILED and not _handled(graph, name)}
    if not unhandled:
        return RunStatus.COMPLETED
    taken = [edge for index, edge in enumerate(graph.edges) if edges[index] == TAKEN]
    touched = set(unhandled)
    for _ in graph.actions:
        touched |= {edge.target for edge in taken if edge.source in touched}
    ran = (ActionState.COMPLETED, ActionState.PASSED, ActionState.FAILED)
    ends = {name for name, state in states.items() if state in ran} - {str(edge.source) for edge in taken}
    return RunStatus.PARTIAL if ends - touched else RunStatus.FAILED
