"""The table of edges, row by row."""

import pytest
from ichor_executor.resolution import BLOCKED, PASSED, SKIPPED, Ending, Resolution, completed, failed, resolve
from ichor_models import Edge, EdgeType

SEQUENCE, PARALLEL, ALWAYS = EdgeType.SEQUENCE, EdgeType.PARALLEL, EdgeType.ALWAYS
TRUE, FALSE = EdgeType.TRUE_BRANCH, EdgeType.FALSE_BRANCH
DONE = completed({})
LEFT = completed({"output": "left"})
YES = completed({"output": "true", "branch_taken": "true_branch"})
CAUGHT = failed(handled=True)
FAILED = failed(handled=False)
T, S, B = Resolution.TAKEN, Resolution.SKIPPED, Resolution.BROKEN


@pytest.mark.parametrize(
    ("ending", "type_", "port", "resolution"),
    [
        (DONE, SEQUENCE, None, T),
        (DONE, PARALLEL, None, T),
        (DONE, SEQUENCE, "success", T),
        (DONE, SEQUENCE, "left", S),
        (DONE, SEQUENCE, "failure", S),
        (DONE, ALWAYS, None, T),
        (DONE, TRUE, None, S),
        (LEFT, SEQUENCE, "left", T),
        (LEFT, PARALLEL, "success", S),
        (LEFT, SEQUENCE, None, T),
        (completed({"output": "failure"}), SEQUENCE, "failure", T),
        (completed({"output": 3}), SEQUENCE, "success", T),
        (YES, TRUE, None, T),
        (YES, FALSE, None, S),
        (YES, SEQUENCE, "true", T),
        (YES, SEQUENCE, "false", S),
        (PASSED, SEQUENCE, None, T),
        (PASSED, SEQUENCE, "success", T),
        (PASSED, SEQUENCE, "left", S),
        (PASSED, TRUE, None, S),
        (PASSED, FALSE, None, S),
        (PASSED, ALWAYS, None, T),
        (CAUGHT, SEQUENCE, "failure", T),
        (CAUGHT, PARALLEL, "failure", T),
        (CAUGHT, SEQUENCE, None, S),
        (CAUGHT, SEQUENCE, "success", S),
        (CAUGHT, TRUE, None, S),
        (CAUGHT, ALWAYS, None, T),
        (FAILED, SEQUENCE, None, B),
        (FAILED, SEQUENCE, "success", B),
        (FAILED, FALSE, None, B),
        (FAILED, ALWAYS, None, T),
        (SKIPPED, SEQUENCE, None, S),
        (SKIPPED, TRUE, None, S),
        (SKIPPED, ALWAYS, None, S),
        (BLOCKED, SEQUENCE, "failure", B),
        (BLOCKED, TRUE, None, B),
        (BLOCKED, ALWAYS, None, B),
    ],
)
def test_an_edge_resolves_by_the_table(
    ending: Ending, type_: EdgeType, port: str | None, resolution: Resolution
) -> None:
    assert resolve(ending, Edge(source="a", target="b", type=type_, source_output=port)) is resolution
