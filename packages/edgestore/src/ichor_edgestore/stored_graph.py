"""The rows of a graph, and the graph that they mean. Nothing here raises: what is wrong is left for the run to say.

* Names that repeat: the second is `name#2`, and all of them are marked, so that no template can mean one of them.
* A port on an edge of a type that takes none is ignored; the same edge twice is one edge.
* An edge to or from an action of another rule keeps that action's id, which is in no graph.
* An edge of an unknown type makes its target an action that cannot run.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import starmap
from typing import NamedTuple

from ichor_models import Action, Edge, EdgeType, Graph

from ichor_edgestore.stored_action import StoredAction


class StoredEdge(NamedTuple):
    """The columns of an edge."""

    source: str | None
    target: str
    type: str | None
    source_output: str | None
    order: int

    @property
    def known_type(self) -> EdgeType | None:
        """Return the type, None where it is none that the engine knows."""
        return _TYPES.get(self.type or "")

    def edge(self, names: dict[str, str]) -> Edge:
        """Return the edge between the names of its ends."""
        type_ = self.known_type or (EdgeType.SEQUENCE if self.source else EdgeType.START)
        return Edge(
            source=names.get(self.source, self.source) if self.source else None,
            target=names.get(self.target, self.target),
            type=type_,
            order=self.order,
            source_output=self.source_output if type_.takes_port else None,
        )


_TYPES: dict[str, EdgeType] = {str(item): item for item in EdgeType}


class GraphColumns(NamedTuple):
    """The rows of a graph, column by column: first those of its actions, then those of its edges."""

    ids: tuple[str, ...] = ()
    names: tuple[str | None, ...] = ()
    descriptions: tuple[str | None, ...] = ()
    actives: tuple[bool, ...] = ()
    template_types: tuple[str | None, ...] = ()
    configs: tuple[str | None, ...] = ()
    sources: tuple[str | None, ...] = ()
    targets: tuple[str, ...] = ()
    edge_types: tuple[str | None, ...] = ()
    source_outputs: tuple[str | None, ...] = ()
    orders: tuple[int, ...] = ()

    @property
    def actions(self) -> list[StoredAction]:
        """Return the rows of the actions."""
        return list(starmap(StoredAction, zip(*self[:6], strict=True)))

    @property
    def edges(self) -> list[StoredEdge]:
        """Return the rows of the edges."""
        return list(starmap(StoredEdge, zip(*self[6:], strict=True)))


@lru_cache(maxsize=64)
def read_graph(columns: GraphColumns) -> Graph:
    """Return the graph of some rows; the same rows give the same graph without being read again."""
    stored_actions, stored_edges = columns.actions, columns.edges
    names = distinct_names([row.name or row.id for row in stored_actions])
    by_id = {row.id: name for row, name in zip(stored_actions, names, strict=True)}
    return Graph(
        actions=tuple(_actions(stored_actions, names, _unknown_edges(stored_edges))),
        edges=tuple(_once(edge.edge(by_id) for edge in stored_edges)),
    )


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return the names with every repeated one numbered, `name#2`, so that no two are the same."""
    taken = set(names)
    seen: set[str] = set()
    distinct: list[str] = []
    for name in names:
        distinct.append(_free_name(name, taken) if name in seen else name)
        seen.add(name)
    return distinct


def _free_name(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    taken.add(f"{name}#{number}")
    return f"{name}#{number}"


def _actions(rows: Sequence[StoredAction], names: Sequence[str], problems: dict[str, str]) -> Iterable[Action]:
    count = Counter(row.name or row.id for row in rows)
    for row, name in zip(rows, names, strict=True):
        repeated = count[row.name or row.id] > 1
        yield row.action(name, repeated=repeated, problem=problems.get(row.id))


def _unknown_edges(edges: Iterable[StoredEdge]) -> dict[str, str]:
    return {
        edge.target: f"An edge of the unknown type {edge.type!r} leads to the stored action."
        for edge in edges
        if edge.known_type is None
    }


def _once(edges: Iterable[Edge]) -> Iterable[Edge]:
    found: dict[tuple[str | None, str, EdgeType, str | None], Edge] = {}
    for edge in edges:
        found.setdefault((edge.source, edge.target, edge.type, edge.source_output), edge)
    return found.values()
