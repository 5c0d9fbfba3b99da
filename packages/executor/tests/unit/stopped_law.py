"""The law of a stopped run, written a second time as plainly as possible, to check the machine against."""

from collections.abc import Mapping

from ichor_models import ActionState, Case, Edge, Graph

from .law import BROKEN, SKIPPED, TAKEN, edge_of, state_of


def after_stop(
    graph: Graph, case: Case, before: Mapping[str, ActionState], under_way: Mapping[str, ActionState]
) -> dict[str, ActionState]:
    """Return the states of all actions; `before` ended before the stop, `under_way` ended so because of it."""
    states = {**before, **under_way}
    cleanup: set[str] = set()
    while len(states) < len(graph.actions):
        for action in graph.actions:
            into = [edge for edge in graph.edges if edge.target == action.name]
            if action.name in states or not all(edge.source is None or edge.source in states for edge in into):
                continue
            met = [_edge(graph, case, edge, states, under_way) for edge in into]
            cleaning = {
                how for edge, how in zip(into, met, strict=True) if edge.type == "always" or edge.source in cleanup
            }
            dropped = any(edge.source not in under_way and _cancelled(states, edge) for edge in into)
            if BROKEN not in met and TAKEN in cleaning:
                cleanup.add(action.name)
                states[action.name] = state_of(graph, case, action.name, met)
            elif set(met) == {SKIPPED} and not dropped:
                states[action.name] = ActionState.SKIPPED
            else:
                states[action.name] = ActionState.CANCELLED
    return states


def _edge(
    graph: Graph, case: Case, edge: Edge, states: Mapping[str, ActionState], under_way: Mapping[str, ActionState]
) -> str:
    if edge.source is None:
        return TAKEN
    if edge.source in under_way:
        return TAKEN if edge.type == "always" else BROKEN
    if _cancelled(states, edge):
        return SKIPPED if edge.type == "always" else BROKEN
    return edge_of(graph, case, edge, states[edge.source])


def _cancelled(states: Mapping[str, ActionState], edge: Edge) -> bool:
    return states.get(str(edge.source)) is ActionState.CANCELLED
