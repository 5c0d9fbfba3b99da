from collections.abc import Sequence

from ichor_edgestore.pinned_run import KnownStructures
from ichor_models import Graph, Problem
from ichor_testing.graph_builder import GraphBuilder


def test_the_structure_of_a_version_is_checked_once() -> None:
    checked: list[Graph] = []

    def check(graph: Graph) -> Sequence[Problem]:
        checked.append(graph)
        return [Problem(code="broken", where="actions", message=str(len(checked)))]

    known = KnownStructures(check)
    first, other = GraphBuilder().action("a").graph(), GraphBuilder().action("b").graph()
    again = first.model_copy(deep=True)
    assert [known(graph)[0].message for graph in (first, other, again)] == ["1", "2", "1"]
