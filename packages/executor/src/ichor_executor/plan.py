"""A graph made ready to be run: indexes, what each action reads, who still needs whose result. Built once, linear."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import Enum
from itertools import chain

from ichor_models import CONDITION, DELAY, FAILURE, Action, Edge, EdgeType, Graph
from ichor_models.config_template import ConfigTemplate
from ichor_models.names import Names
from ichor_models.path import Path
from ichor_models.references import condition_reads
from ichor_models.topology import Topology

from ichor_executor.errors import CyclicGraph

_MIB = 1024 * 1024
_LEAST = 2 * 1024
_READ, _FEW_READ = 8 * _MIB, 8
"""Bytes of the results that are read, which a run keeps, and how many have room in them whatever the deployment's limit
is: 256 KiB at most, or four times that in values. Twice as many small objects take a worker a second or more whenever
the run is continued or replayed."""
_UNREAD, _FEW_UNREAD = 16 * _MIB, 64
"""The same of those that nobody reads, which only the record of the run keeps: whoever shows a run reads all of it."""


class Kind(Enum):
    """Who does an action: the interpreter at once, a timer, or an activity."""

    CONDITION = CONDITION
    DELAY = DELAY
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class Node:
    """An action with its place in the graph.

    `handled`: it has an edge on the `failure` port; `cleaned_up`: it has an `always` edge.
    """

    index: int
    action: Action
    config: ConfigTemplate
    kind: Kind
    outgoing: tuple[tuple[int, Edge], ...]
    incoming: int
    handled: bool
    cleaned_up: bool
    reads: tuple[int, ...]
    sees: frozenset[int]
    """Those of `reads` that are upstream and share their name with no other; an action that reads another one fails."""


class Plan:
    """The compiled graph; `nodes` stand at their action's position. Runs of the same graph may share it.

    All results that are read share 8 MiB, and all others 16 MiB, each with 2 KiB at least.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        topology = Topology(graph)
        if (cycle := topology.cycle()) is not None:
            raise CyclicGraph(cycle)
        self._names = Names(action.name for action in graph.actions)
        self._owners: dict[str, tuple[int, tuple[str, ...]] | None] = {}
        self._position = topology.position
        self.read_of = [dict[str, None]() for _ in graph.actions]
        self.read_of_trigger: dict[str, Path] = {}
        configs = [ConfigTemplate(action.config) for action in graph.actions]
        reads = {
            index: read
            for index, (action, config) in enumerate(zip(graph.actions, configs, strict=True))
            if (read := tuple(dict.fromkeys(self._reads(action, config))))
        }
        missing = topology.not_upstream(reads)
        self.nodes = [
            _node(index, config, topology, reads.get(index, ()), missing) for index, config in enumerate(configs)
        ]
        self.by_key = {node.action.key: node.index for node in self.nodes}
        self.starts = [(self._position[edge.target], edge) for edge in topology.starts]
        self.readers = [0] * len(self.nodes)
        for read in reads.values():
            for index in read:
                self.readers[index] += 1
        self.incoming = topology.incoming
        read = sum(map(bool, self.readers))
        self._largest_read = _share(_READ, read, _FEW_READ)
        self._largest_unread = _share(_UNREAD, len(self.nodes) - read, _FEW_UNREAD)

    def largest(self, index: int) -> int | None:
        """Return how many bytes a result may have that travels, None where only the deployment's limit holds."""
        return self._largest_read if self.readers[index] else self._largest_unread

    def owner(self, path: Path) -> tuple[int, tuple[str, ...]] | None:
        """Return the position of the action that a path begins with and the rest of the path, or None."""
        return self._owners[path.text] if path.text in self._owners else self._found(path)

    def _found(self, path: Path) -> tuple[int, tuple[str, ...]] | None:
        owner = self._names.owner(path)
        return owner and (self._position[owner[0]], owner[1])

    def position(self, name: str) -> int:
        """Return where an action stands."""
        return self._position[name]

    def _reads(self, action: Action, config: ConfigTemplate) -> Iterable[int]:
        """Yield whose results an action reads, and note which paths it reads of them and of the trigger data."""
        for path in chain(config.paths(), (read.path for read in condition_reads(action))):
            owner = self._owners[path.text] = self.owner(path)
            if owner is None:
                self.read_of_trigger[path.text] = path
                continue
            position, rest = owner
            if rest:
                self.read_of[position][".".join(rest)] = None
            yield position


def _share(together: int, number: int, few: int) -> int | None:
    return None if number <= few else max(_LEAST, together // number)


def _node(
    index: int, config: ConfigTemplate, topology: Topology, reads: tuple[int, ...], missing: Set[tuple[int, int]]
) -> Node:
    action = topology.graph.actions[index]
    return Node(
        index=index,
        action=action,
        config=config,
        kind={CONDITION: Kind.CONDITION, DELAY: Kind.DELAY}.get(action.type, Kind.ACTIVITY),
        outgoing=tuple((topology.position[edge.target], edge) for edge in topology.outgoing[index]),
        incoming=len(topology.incoming[index]),
        handled=any(edge.type.takes_port and edge.source_output == FAILURE for edge in topology.outgoing[index]),
        cleaned_up=any(edge.type is EdgeType.ALWAYS for edge in topology.outgoing[index]),
        reads=reads,
        sees=frozenset(
            read for read in reads if (index, read) not in missing and not topology.graph.actions[read].repeated
        ),
    )
