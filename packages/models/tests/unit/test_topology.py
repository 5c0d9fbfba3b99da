from collections.abc import Iterable
from contextlib import AbstractContextManager
from itertools import pairwise, product
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import Action, Edge, EdgeType, Graph
from ichor_models.topology import Topology

type Pair = tuple[int, int]
SIZE = 6
pairs = st.lists(st.tuples(st.integers(-1, SIZE - 1), st.integers(0, SIZE - 1)), max_size=14)


def topology(edges: Iterable[Pair], size: int = SIZE) -> Topology:
    """Return the topology of actions `a0`, `a1`, …; the source -1 is the start."""
    return Topology(
        Graph(
            actions=tuple(Action(name=f"a{index}", type="t") for index in range(size)),
            edges=tuple(
                Edge(target=f"a{target}", type=EdgeType.START)
                if source < 0
                else Edge(source=f"a{source}", target=f"a{target}", type=EdgeType.SEQUENCE)
                for source, target in edges
            ),
        )
    )


def after(sources: set[int], edges: Iterable[Pair], without: int | None = None) -> set[int]:
    """Return what edges lead to from some actions, in one step or more."""
    found: set[int] = set()
    fresh = sources
    while fresh:
        fresh = {target for source, target in edges if source in fresh and target != without} - found
        found |= fresh
    return found


def few_at_once() -> AbstractContextManager[object]:
    """Let the topology look for two actions in one sweep, so that it needs several."""
    return patch("ichor_models.topology._CHUNK", 2)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_the_order_follows_the_edges_and_leaves_out_what_is_on_or_behind_a_cycle(edges: list[Pair]) -> None:
    found = topology(edges)
    place = {index: place for place, index in enumerate(found.order)}
    assert len(place) == len(found.order)
    assert found.rank == place
    assert all(place[source] < place[target] for source, target in edges if source in place and target in place)
    around = {index for index in range(SIZE) if index in after({index}, edges)}
    assert set(place) == set(range(SIZE)) - around - after(around, edges)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_cycles_are_closed_walks_without_which_none_is_left(edges: list[Pair]) -> None:
    found = topology(edges)
    cycles = [[int(name[1:]) for name in cycle] for cycle in found.cycles()]
    for cycle in cycles:
        assert cycle[0] == cycle[-1]
        assert set(pairwise(cycle)) <= set(edges)
    around = [index for cycle in cycles for index in cycle[1:]]
    assert len(around) == len(set(around))
    left = [(source, target) for source, target in edges if source not in around and target not in around]
    assert not any(index in after({index}, left) for index in range(SIZE))
    assert found.cycle() == next(iter(found.cycles()), None)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_what_a_start_can_reach(edges: list[Pair]) -> None:
    assert topology(edges).reachable() == after({-1}, edges)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_an_action_is_upstream_where_edges_lead_from_it_however_far(edges: list[Pair]) -> None:
    found = topology(edges)
    with few_at_once():
        missing = found.not_upstream({reader: range(SIZE) for reader in range(SIZE)})
    ordered = set(found.order)
    assert missing == {
        (reader, read) for reader, read in product(ordered, range(SIZE)) if reader not in after({read}, edges)
    }


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_a_way_goes_past_an_action_where_the_start_reaches_the_reader_without_it(edges: list[Pair]) -> None:
    found = topology(edges)
    upstream = [(reader, read) for reader, read in product(range(SIZE), repeat=2) if reader in after({read}, edges)]
    with few_at_once():
        past = found.not_on_every_way(upstream)
    readers = set(found.order) & after({-1}, edges)
    assert past == {
        (reader, read) for reader, read in upstream if reader in readers and reader in after({-1}, edges, without=read)
    }


def test_edges_are_in_the_order_of_their_order_then_of_their_targets() -> None:
    actions = tuple(Action(name=name, type="t") for name in "abcd")
    edges = tuple(
        Edge(source="a", target=target, type=EdgeType.SEQUENCE, order=order)
        for target, order in [("d", 1), ("b", 2), ("c", 1), ("b", -1)]
    )
    found = Topology(Graph(actions=actions, edges=edges))
    assert [(edge.order, edge.target) for edge in found.outgoing[0]] == [(-1, "b"), (1, "c"), (1, "d"), (2, "b")]
    assert [edge.order for edge in found.incoming[1]] == [-1, 2]
    assert list(found.successors(0)) == [1, 2, 3, 1]
    assert list(found.predecessors(1)) == [0, 0]


def test_edges_to_and_from_unknown_actions_are_left_out() -> None:
    found = topology([(-1, 0), (0, 7), (7, 0), (-1, 7)], size=1)
    assert (found.outgoing, found.order, found.reachable()) == ([[]], [0], {0})
    assert len(found.incoming[0]) == len(found.starts) == 1


def test_a_long_chain_is_no_trouble() -> None:
    size = 3000
    found = topology([(index - 1, index) for index in range(size)], size)
    assert found.order == list(range(size))
    assert found.not_upstream({size - 1: [0, size - 1]}) == {(size - 1, size - 1)}
    assert found.cycle() is None
