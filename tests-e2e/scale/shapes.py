"""Graphs of any size: wide, deep and long ones."""

from collections.abc import Callable
from itertools import pairwise

from ichor_models import Rule
from ichor_testing.graph_builder import GraphBuilder

type Shape = Callable[[int], Rule]
_WIDTH = 100


def fan(width: int) -> Rule:
    """Return a fork to so many actions, and their join."""
    names = [f"branch {number}" for number in range(width)]
    graph = _with("head", *names, "join").start("head").fork("head", *names).join("join", *names)
    return graph.rule("fan")


def chain(length: int) -> Rule:
    """Return so many actions one after the other."""
    names = [f"step {number}" for number in range(length)]
    return _in_a_row(_with(*names).start(names[0]), names).rule("chain")


def ladder(diamonds: int) -> Rule:
    """Return so many diamonds, each a fork to two actions and their join."""
    graph = _with("top 0").start("top 0")
    for number in range(diamonds):
        left, right, bottom = f"left {number}", f"right {number}", f"top {number + 1}"
        for name in (left, right, bottom):
            graph.action(name)
        graph.fork(f"top {number}", left, right).join(bottom, left, right)
    return graph.rule("ladder")


def nested(depth: int) -> Rule:
    """Return a fork in a branch of a fork, so deep, and all their joins."""
    graph = _with("heart")
    inner, outer = "heart", "heart"
    for number in range(depth):
        fork, leaf, join = f"fork {number}", f"leaf {number}", f"join {number}"
        for name in (fork, leaf, join):
            graph.action(name)
        graph.fork(fork, inner, leaf).join(join, outer, leaf)
        inner, outer = fork, join
    return graph.start(inner).rule("nested")


def stages(actions: int) -> Rule:
    """Return about so many actions: forks to a hundred, one after the other."""
    graph = _with("join 0").start("join 0")
    for number in range(actions // (_WIDTH + 1)):
        names = [f"branch {number}.{branch}" for branch in range(_WIDTH)]
        for name in (*names, f"join {number + 1}"):
            graph.action(name)
        graph.fork(f"join {number}", *names).join(f"join {number + 1}", *names)
    return graph.rule("stages")


def _with(*names: str) -> GraphBuilder:
    graph = GraphBuilder()
    for name in names:
        graph.action(name)
    return graph


def _in_a_row(graph: GraphBuilder, names: list[str]) -> GraphBuilder:
    for source, target in pairwise(names):
        graph.then(source, target)
    return graph
