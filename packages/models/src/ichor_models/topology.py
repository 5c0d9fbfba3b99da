"""Indexes of a graph, built in time linear in its actions and edges."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce

from ichor_models.graph import Edge, Graph

type _Arriving = Callable[[int, Mapping[int, int]], int]
"""Which marks arrive at an action, from the marks that its predecessors pass on."""

_CHUNK = 4096


class Topology:
    """Who follows whom. Actions are known by their position in the graph; edges to unknown actions are left out.

    `outgoing` and `incoming` hold edges by action, sorted by order and target, the only place where order is fixed.
    `order` has the actions in topological order, without those on or behind a cycle; `rank` says where each stands.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.position = {action.name: index for index, action in reversed(list(enumerate(graph.actions)))}
        self.starts: list[Edge] = []
        self.outgoing: list[list[Edge]] = [[] for _ in graph.actions]
        self.incoming: list[list[Edge]] = [[] for _ in graph.actions]
        for edge in sorted(graph.edges, key=self._precedence):
            self._add(edge)
        self.order = self._sorted()
        self.rank = {index: place for place, index in enumerate(self.order)}

    def successors(self, index: int) -> Iterable[int]:
        """Return the actions that an action's edges lead to."""
        return (self.position[edge.target] for edge in self.outgoing[index])

    def predecessors(self, index: int) -> Iterable[int]:
        """Return the actions whose edges lead to an action."""
        return (self.position[edge.source] for edge in self.incoming[index] if edge.source is not None)

    def cycle(self) -> list[str] | None:
        """Return the names along one cycle, its first again at the end, or None."""
        return next(self.cycles(), None)

    def cycles(self) -> Iterator[list[str]]:
        """Yield cycles as `cycle` does, no action in two of them; without their actions none is left."""
        free = dict.fromkeys(index for index in range(len(self.outgoing)) if index not in self.rank)
        ways = {index: iter(self.predecessors(index)) for index in free}
        for first in list(free):
            walk = dict.fromkeys([first] if first in free else ())
            while walk:
                last = next(reversed(walk))
                before = next((index for index in ways[last] if index in free), None)
                if before is None:
                    del walk[last], free[last]
                elif before in walk:
                    yield [self.graph.actions[index].name for index in (before, *_cut(walk, before, free))]
                else:
                    walk[before] = None

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
        """Return the pairs (reader, read) of `reads` in which the reader cannot be reached from the read action.

        What stands on or behind a cycle sees everything.
        """
        far = {
            (reader, index)
            for reader, read in reads.items()
            if reader in self.rank
            for direct in [set(self.predecessors(reader))]
            for index in read
            if index not in direct
        }
        return self._unmarked(far, self._any_way)

    def not_on_every_way(self, pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return the pairs (reader, read) in which a way from a start to the reader goes past the read action.

        Nothing goes past on the way to what no start reaches, or what stands on or behind a cycle.
        """
        reachable = self.reachable()
        started = {self.position[edge.target] for edge in self.starts}

        def every_way(index: int, passed: Mapping[int, int]) -> int:
            if index in started:
                return 0
            before = [passed.get(item, 0) for item in self.predecessors(index) if item in reachable]
            return reduce(int.__and__, before, -1)

        return self._unmarked({pair for pair in pairs if pair[0] in self.rank and pair[0] in reachable}, every_way)

    def _any_way(self, index: int, passed: Mapping[int, int]) -> int:
        return reduce(int.__or__, (passed.get(item, 0) for item in self.predecessors(index)), 0)

    def _unmarked(self, pairs: set[tuple[int, int]], arriving: _Arriving) -> set[tuple[int, int]]:
        """Return the pairs whose reader the mark of the read action does not arrive at.

        Sweeps over the actions in topological order, a bit for each of so many read actions that the bits stay small,
        and only as far as their readers stand.
        """
        rank = self.rank
        unmarked = {pair for pair in pairs if rank.get(pair[1], rank[pair[0]]) >= rank[pair[0]]}
        for chunk in _chunks(sorted(pairs - unmarked, key=lambda pair: rank[pair[1]])):
            bits = {read: 1 << number for number, read in enumerate(dict.fromkeys(read for _, read in chunk))}
            first, last = rank[chunk[0][1]], max(rank[reader] for reader, _ in chunk)
            passed: dict[int, int] = {}
            marks: dict[int, int] = {}
            for index in self.order[first : last + 1]:
                marks[index] = arriving(index, passed)
                passed[index] = marks[index] | bits.get(index, 0)
            unmarked |= {(reader, read) for reader, read in chunk if not marks[reader] & bits[read]}
        return unmarked

    def _precedence(self, edge: Edge) -> tuple[int, str, str]:
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


def _cut(walk: dict[int, None], start: int, free: dict[int, None]) -> list[int]:
    """Take the end of a walk from `start` on out of it, and out of what is free; return it, last first."""
    around: list[int] = []
    while not around or around[-1] != start:
        around.append(walk.popitem()[0])
        del free[around[-1]]
    return around


def _chunks(pairs: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Cut pairs, sorted by what is read, where so many actions are read."""
    chunk: list[tuple[int, int]] = []
    read: set[int] = set()
    for pair in pairs:
        if len(read) == _CHUNK and pair[1] not in read:
            yield chunk
            chunk, read = [], set()
        chunk.append(pair)
        read.add(pair[1])
    if chunk:
        yield chunk
