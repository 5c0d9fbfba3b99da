"""Indexes of a graph, built in time linear in its actions and edges."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from ichor_models.graph import Edge, Graph

_CHUNK = 4096


class Topology:
    """Who follows whom. Actions are known by their position in the graph; edges to unknown actions are left out.

    `outgoing` and `incoming` hold edges by action, sorted by order and target, the only place where order is fixed.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.position = {action.name: index for index, action in reversed(list(enumerate(graph.actions)))}
        self.starts: list[Edge] = []
        self.outgoing: list[list[Edge]] = [[] for _ in graph.actions]
        self.incoming: list[list[Edge]] = [[] for _ in graph.actions]
        for edge in sorted(graph.edges, key=self._rank):
            self._add(edge)
        self.order = self._sorted()

    def successors(self, index: int) -> Iterable[int]:
        """Return the actions that an action's edges lead to."""
        return (self.position[edge.target] for edge in self.outgoing[index])

    def predecessors(self, index: int) -> Iterable[int]:
        """Return the actions whose edges lead to an action."""
        return (self.position[edge.source] for edge in self.incoming[index] if edge.source is not None)

    def cycle(self) -> list[str] | None:
        """Return the names along one cycle, its first again at the end, or None."""
        sorted_ones = set(self.order)
        stuck = [index for index in range(len(self.outgoing)) if index not in sorted_ones]
        if not stuck:
            return None
        seen: dict[int, int] = {}
        walk: list[int] = []
        index = stuck[0]
        while index not in seen:
            seen[index] = len(walk)
            walk.append(index)
            index = next(before for before in self.predecessors(index) if before not in sorted_ones)
        around = [*walk[seen[index] :], index]
        return [self.graph.actions[item].name for item in reversed(around)]

    def reachable(self) -> set[int]:
        """Return the actions that a start edge can reach."""
        found = {self.position[edge.target] for edge in self.starts}
        queue = deque(found)
        while queue:
            for index in self.successors(queue.popleft()):
                if index not in found:
                    found.add(index)
                    queue.append(index)
        return found

    def not_upstream(self, reads: Mapping[int, Iterable[int]]) -> set[tuple[int, int]]:
        """Return the pairs (reader, read) of `reads` in which the reader cannot be reached from the read action."""
        far = {
            reader: [index for index in read if index not in direct]
            for reader, read in reads.items()
            for direct in [set(self.predecessors(reader))]
        }
        read_ones = sorted({index for read in far.values() for index in read})
        missing = {(reader, index) for reader, read in far.items() for index in read}
        for bits in _chunks(read_ones):
            above = self._above(bits)
            missing -= {(reader, index) for reader, index in missing if above[reader] & bits.get(index, 0)}
        return missing

    def not_on_every_way(self, pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return the pairs (reader, read) in which a way from a start to the reader goes past the read action."""
        past = set(pairs)
        for bits in _chunks(sorted({read for _, read in past})):
            before = self._on_every_way(bits)
            past -= {(reader, read) for reader, read in past if before[reader] & bits.get(read, 0)}
        return past

    def _rank(self, edge: Edge) -> tuple[int, str, str]:
        return edge.order, edge.target, edge.source or ""

    def _add(self, edge: Edge) -> None:
        target = self.position.get(edge.target)
        source = None if edge.source is None else self.position.get(edge.source)
        if target is None or (edge.source is not None and source is None):
            return
        self.incoming[target].append(edge)
        if source is None:
            self.starts.append(edge)
        else:
            self.outgoing[source].append(edge)

    def _sorted(self) -> list[int]:
        """Return the actions in topological order; those on or behind a cycle are not in it."""
        waiting = [sum(edge.source is not None for edge in edges) for edges in self.incoming]
        order = deque(index for index, count in enumerate(waiting) if count == 0)
        done: list[int] = []
        while order:
            index = order.popleft()
            done.append(index)
            for follower in self.successors(index):
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    order.append(follower)
        return done

    def _on_every_way(self, bits: Mapping[int, int]) -> list[int]:
        """Return for each action the bits of the marked actions that every way from a start to it visits."""
        everything = (1 << len(bits)) - 1
        before = [everything] * len(self.outgoing)
        for edge in self.starts:
            before[self.position[edge.target]] = 0
        for index in self.order:
            mark = before[index] | bits.get(index, 0)
            for follower in self.successors(index):
                before[follower] &= mark
        return before

    def _above(self, bits: Mapping[int, int]) -> list[int]:
        """Return for each action the bits of the marked actions above it; those behind a cycle see all of them."""
        above = [0] * len(self.outgoing)
        for index in self.order:
            mark = above[index] | bits.get(index, 0)
            if mark:
                for follower in self.successors(index):
                    above[follower] |= mark
        everything = (1 << len(bits)) - 1
        for index in set(range(len(above))).difference(self.order):
            above[index] = everything
        return above


def _chunks(indexes: list[int]) -> Iterator[dict[int, int]]:
    """Yield a bit for each action, so many actions at a time that the bits stay small."""
    for first in range(0, len(indexes), _CHUNK):
        yield {index: 1 << number for number, index in enumerate(indexes[first : first + _CHUNK])}
