"""Plans of graphs that ran lately: the runs of a worker share them, and a replay needs not compile its graph anew."""

from threading import Lock

from cachetools import LRUCache, cached
from ichor_models import Graph, VersionHash

from ichor_executor.plan import Plan

_ACTIONS = 50_000
"""How many actions the plans may have together, each about 3 KB with the graph; a larger plan is not kept."""


def _size(plan: Plan) -> int:
    return max(1, len(plan.nodes))


def _version(graph: Graph) -> VersionHash:
    return graph.version


@cached(LRUCache[VersionHash, Plan](_ACTIONS, _size), key=_version, lock=Lock())
def plan_of(graph: Graph) -> Plan:
    """Return the plan of a graph.

    Raises:
        CyclicGraph: it has a cycle.
    """
    return Plan(graph)
