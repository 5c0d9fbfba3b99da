"""What the analyzer refuses in the shape of a graph, and warns of."""

from collections import Counter
from collections.abc import Iterator

from ichor_models.control import CONDITION
from ichor_models.graph import FAILURE, Edge, EdgeType, Graph
from ichor_models.names import LONGEST_NAME, slug
from ichor_models.problem import Problem
from ichor_models.topology import Topology


def structure_problems(graph: Graph) -> list[Problem]:
    """Return everything that is wrong with the shape of a graph, whatever its actions do."""
    topology = Topology(graph)
    return [
        *_empty(graph),
        *_names(graph),
        *_ids(graph),
        *_starts(graph),
        *(problem for index, edge in enumerate(graph.edges) for problem in _edge(graph, topology, index, edge)),
        *_repeated_edges(graph),
        *_cycles(topology),
        *_unreachable(topology),
    ]


def fatal_problems(graph: Graph) -> list[Problem]:
    """Return what makes a graph impossible to run; a stored graph with other problems is run as far as it goes."""
    return [*_empty(graph), *_starts(graph), *_cycles(Topology(graph))]


def failure_joins(graph: Graph) -> Iterator[Problem]:
    """Warn where an action may run although a source that handles its failure failed."""
    handled = {edge.source for edge in graph.edges if edge.type.takes_port and edge.source_output == FAILURE}
    sources: dict[str, set[str | None]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, set()).add(edge.source)
    for index, edge in enumerate(graph.edges):
        skipped = edge.type is not EdgeType.ALWAYS and edge.source_output != FAILURE
        if edge.source is not None and edge.source in handled and skipped and len(sources[edge.target]) > 1:
            message = (
                f"{edge.target!r} is also reached from elsewhere, so it may run although {edge.source!r} "
                f"failed and its failure edge was followed; join behind both, or drop the failure edge."
            )
            yield Problem(code="failure_join", where=edge_place(index, edge), message=message)


def edge_place(index: int, edge: Edge) -> str:
    """Say where an edge stands, and which it is."""
    return f"edges[{index}] ({edge.source or 'start'} -> {edge.target})"


def _empty(graph: Graph) -> Iterator[Problem]:
    if not graph.actions:
        yield Problem(code="no_actions", where="actions", message="The graph has no actions; add at least one.")


def _ids(graph: Graph) -> Iterator[Problem]:
    """Refuse what identifies two actions of different names: an id that is another's id or, where it has none, name."""
    first: dict[str, str] = {}
    for action in graph.actions:
        other = first.setdefault(action.key, action.name)
        if other != action.name:
            message = f"{other!r} and {action.name!r} have the same id {action.key!r}; remove the id of one of them."
            yield Problem(code="duplicate_id", where=f"actions.{action.name}.id", message=message)


def _names(graph: Graph) -> Iterator[Problem]:
    names = Counter(action.name for action in graph.actions)
    slugs: dict[str, list[str]] = {}
    for name in names:
        slugs.setdefault(slug(name), []).append(name)
    for name, count in names.items():
        where = f"actions.{name}.name"
        if count > 1:
            yield Problem(
                code="duplicate_name", where=where, message=f"{count} actions are named {name!r}; rename all but one."
            )
        if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME:
            message = f"{name!r} is no name; write 1 to {LONGEST_NAME} characters without spaces around them."
            yield Problem(code="invalid_name", where=where, message=message)
        if slug(name) == "trigger":
            message = (
                f"The slug of {name!r} is 'trigger', which means the trigger data in templates; rename the action."
            )
            yield Problem(code="reserved_name", where=where, message=message)
    for text, same in slugs.items():
        if text and len(same) > 1:
            message = f"{', '.join(map(repr, same))} have the same slug {text!r}; rename all but one."
            yield Problem(code="duplicate_slug", where=f"actions.{same[1]}.name", message=message)


def _starts(graph: Graph) -> Iterator[Problem]:
    if not any(edge.type is EdgeType.START for edge in graph.edges):
        message = "The graph has no start edge; add {source: null, target: <first action>, type: start}."
        yield Problem(code="no_start", where="edges", message=message)


def _edge(graph: Graph, topology: Topology, index: int, edge: Edge) -> Iterator[Problem]:
    where = edge_place(index, edge)
    if edge.type is EdgeType.START and edge.source is not None:
        message = f"A start edge has no source; set source to null, or give the edge from {edge.source!r} another type."
        yield Problem(code="start_with_source", where=where, message=message)
    if edge.type is not EdgeType.START and edge.source is None:
        message = f"A {edge.type} edge needs a source; name the action it leaves, or make it a start edge."
        yield Problem(code="edge_without_source", where=where, message=message)
    for name in dict.fromkeys((edge.source, edge.target)):
        if name is not None and name not in topology.position:
            message = f"The graph has no action {name!r}; correct the name, add the action, or remove the edge."
            yield Problem(code="unknown_action", where=where, message=message)
    if edge.source_output is not None and not edge.type.takes_port:
        message = f"A {edge.type} edge carries no source_output; remove it, or use a sequence edge."
        yield Problem(code="port_not_allowed", where=where, message=message)
    source = topology.position.get(edge.source or "")
    if edge.type.is_branch and source is not None and graph.actions[source].type != CONDITION:
        message = f"A {edge.type} edge leaves an {CONDITION} action only; use a sequence edge with a source_output."
        yield Problem(code="branch_without_condition", where=where, message=message)


def _repeated_edges(graph: Graph) -> Iterator[Problem]:
    seen: dict[tuple[str | None, str, str, str | None], int] = {}
    for index, edge in enumerate(graph.edges):
        first = seen.setdefault((edge.source, edge.target, edge.type, edge.source_output), index)
        if first != index:
            message = f"It repeats edges[{first}]: same source, target, type and source_output; remove one of them."
            yield Problem(code="duplicate_edge", where=edge_place(index, edge), message=message)


def _cycles(topology: Topology) -> Iterator[Problem]:
    for cycle in topology.cycles():
        message = f"The graph has a cycle: {' -> '.join(cycle)}. Remove one of its edges."
        yield Problem(code="cycle", where="edges", message=message)


def _unreachable(topology: Topology) -> Iterator[Problem]:
    reachable = topology.reachable()
    for index, action in enumerate(topology.graph.actions):
        if index not in reachable and topology.position[action.name] == index:
            message = f"No start edge leads to {action.name!r}; connect it, or remove it."
            yield Problem(code="unreachable_action", where=f"actions.{action.name}", message=message)
