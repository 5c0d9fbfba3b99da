import pytest
from ichor_executor import CyclicGraph
from ichor_executor.plan_cache import plan_of
from ichor_testing.graph_builder import GraphBuilder


def test_the_same_graph_has_one_plan():
    one, other = (GraphBuilder().action("a").start("a").graph() for _ in range(2))
    assert plan_of(one) is plan_of(other)
    assert plan_of(GraphBuilder().action("b").start("b").graph()) is not plan_of(one)


def test_a_cycle_is_told_each_time():
    graph = GraphBuilder().action("a").action("b").then("a", "b").then("b", "a").graph()
    for _ in range(2):
        with pytest.raises(CyclicGraph):
            plan_of(graph)
