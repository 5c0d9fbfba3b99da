"""The runs whose histories are kept in `histories/`: one for each behaviour."""

from ichor_models import Case, Rule
from ichor_testing.graph_builder import GraphBuilder


def _case(**parts: object) -> Case:
    return Case.model_validate(parts)


def _fork() -> Rule:
    return (
        GraphBuilder()
        .action("s")
        .action("a", message="{{s.x}}")
        .action("b")
        .action("join", message="{{a.x}} {{b.x}}")
        .start("s")
        .fork("s", "a", "b")
        .join("join", "a", "b")
        .rule()
    )


def _skip() -> Rule:
    return (
        GraphBuilder()
        .condition("check", "total", "greater_than", 1000)
        .action("big")
        .action("small")
        .action("mail")
        .start("check")
        .on_true("check", "big")
        .on_false("check", "small")
        .join("mail", "big", "small")
        .rule()
    )


def _failure() -> Rule:
    return (
        GraphBuilder()
        .action("pay")
        .action("ship")
        .action("refund", why="{{pay.error.message}}")
        .action("note")
        .start("pay")
        .then("pay", "ship", port="success")
        .on_failure("pay", "refund")
        .always("pay", "note")
        .rule()
    )


def _delay() -> Rule:
    return (
        GraphBuilder()
        .delay("wait", "1s")
        .action("a")
        .action("then", message="{{wait.duration}}")
        .start("wait", "a")
        .join("then", "wait", "a")
        .rule()
    )


def chain(length: int) -> Rule:
    """Return a rule whose actions follow one another, each reading the one before."""
    builder = GraphBuilder().action("a0").start("a0")
    for index in range(1, length):
        before = f"a{index - 1}"
        builder.action(f"a{index}", message=f"{{{{{before}.n}}}}").then(before, f"a{index}")
    return builder.rule()


RUNS: dict[str, tuple[Rule, Case]] = {
    "fork_and_join": (_fork(), _case(results={"a": {"result": {"x": 1}}, "b": {"result": {"x": "two"}}})),
    "skip": (_skip(), _case(trigger_data={"total": 7})),
    "error_edge_and_always": (_failure(), _case(results={"pay": {"error": "declined"}})),
    "failure": (chain(3), _case(results={"a1": {"error": "broke"}})),
    "delay": (_delay(), _case()),
    "chain": (chain(12), _case()),
}
"""Name of the history → rule and case."""
