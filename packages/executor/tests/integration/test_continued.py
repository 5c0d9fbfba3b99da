"""Whatever the graph, and wherever it is continued as new, a run ends as the simulator says."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from ichor_executor import simulate
from ichor_models import Case, Graph
from ichor_testing.fake_handlers import FakeHandlers
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner

from ..unit.generated import cases, graphs, rule_of
from .conftest import worker
from .test_workflow import anything, states

pairs = graphs().flatmap(lambda graph: st.tuples(st.just(graph), cases(graph)))


def drawn(count: int) -> list[tuple[Graph, Case]]:
    """Return so many graphs with their cases, the same each time."""
    found: list[tuple[Graph, Case]] = []

    @settings(max_examples=count, derandomize=True, database=None, phases=[Phase.generate])
    @given(pairs)
    def draw(pair: tuple[Graph, Case]) -> None:
        found.append(pair)

    draw()
    return found


@pytest.mark.parametrize("events", [1, 6, 10, 15, 21])
async def test_generated_runs_end_as_the_simulator_says(temporal_client: Client, events: int) -> None:
    continued = 0
    async with worker(temporal_client, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        for graph, case in drawn(40):
            rule, bench.handlers.case = rule_of(graph), case
            handle = await bench.start(rule, case, events_per_run=events)
            record = await bench.record(handle)
            expected = simulate(rule, case, anything())
            assert record.status is expected.status
            assert states(record) == {name: outcome.state for name, outcome in expected.actions.items()}
            continued += await bench.was_continued(handle)
    assert continued > (20 if events < 10 else 0)
