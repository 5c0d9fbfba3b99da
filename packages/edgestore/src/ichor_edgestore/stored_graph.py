"""The rows of a graph, and the graph that they mean. Nothing here raises: what is wrong is left for the run to say.

* Names that repeat: the second is `name#2`, and all of them are marked, so that no template can mean one of them.
* A port on an edge of a type that takes none is ignored; the same edge twice is one edge.
* An edge to or from an action of another rule keeps that action's id, which is in no graph.
* An edge of an unknown type makes its target an action that cannot run.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from ichor_models import Action, Edge, EdgeType, Graph
from pydantic import JsonValue

from ichor_edgestore.stored_action import StoredAction


class StoredEdge(NamedTuple):
    """The columns of an edge, in the order in which a query selects them."""

    source: str | None
    target: str
    type: str | None
    source_output: str | None
    order: int | None

    @property
    def known_type(self) -> EdgeType | None:
        """Return the type, None where it is none that the engine knows."""
        return EdgeType(self.type) if self.type in _TYPES else None

    def edge(self, names: dict[str, str]) -> Edge:
        """Return the edge between the names of its ends."""
        type_ = self.known_type or (EdgeType.SEQUENCE if self.source else EdgeType.START)
        return Edge(
            source=names.get(self.source, self.source) if self.source else None,
            target=names.get(self.target, self.target),
            type=type_,
            order=self.order or 0,
            source_output=(self.source_output or None) if type_.takes_port else None,
        )


_TYPES = frozenset(EdgeType)


@lru_cache(maxsize=64)
def read_graph(actions: str | None, edges: str | None) -> Graph:
    """Return the graph of rows written as JSON arrays; the same text gives the same graph without reading it again."""
    stored_actions = [StoredAction.of(row) for row in _rows(actions)]
    stored_edges = [StoredEdge(*row) for row in _rows(edges)]  # pyright: ignore[reportArgumentType] -- as selected
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


def _rows(text: str | None) -> list[list[JsonValue]]:
    return json.loads(text) if text else []
