import pytest
from ichor_models import CONDITION, Action, Edge, EdgeType, Graph
from ichor_models.structure import failure_joins, fatal_problems, structure_problems


def start(target: str) -> Edge:
    return Edge(target=target, type=EdgeType.START)


def edge(source: str | None, target: str, type_: EdgeType = EdgeType.SEQUENCE, port: str | None = None) -> Edge:
    return Edge(source=source, target=target, type=type_, source_output=port)


def graph(names: str, *edges: Edge) -> Graph:
    """Return a graph; a name that begins with `if` is a condition."""
    actions = [Action(name=name, type=CONDITION if name.startswith("if") else "mail") for name in names.split()]
    return Graph(actions=tuple(actions), edges=edges)


def named(*names: str) -> Graph:
    actions = tuple(Action(name=name, type="mail") for name in names)
    return Graph(actions=actions, edges=tuple(start(name) for name in dict.fromkeys(names)))


def found(of: Graph) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in structure_problems(of)]


def message(of: Graph) -> str:
    (problem,) = structure_problems(of)
    return problem.message


TRUE, FALSE, ALWAYS, PARALLEL = EdgeType.TRUE_BRANCH, EdgeType.FALSE_BRANCH, EdgeType.ALWAYS, EdgeType.PARALLEL


@pytest.mark.parametrize(
    "good",
    [
        graph("a", start("a")),
        graph("a b c d", start("a"), edge("a", "b"), edge("a", "c", PARALLEL), edge("b", "d"), edge("c", "d", ALWAYS)),
        graph("if b c", start("if"), edge("if", "b", TRUE), edge("if", "c", FALSE)),
        graph("if b c", start("if"), edge("if", "b", port="true"), edge("if", "c", port="false")),
        graph("a b", start("a"), start("b"), edge("a", "b")),
        graph("a b", start("a"), edge("a", "b", port="x"), edge("a", "b", port="failure"), edge("a", "b", ALWAYS)),
        graph("a b", start("a"), edge("a", "b"), edge("a", "b", PARALLEL), edge("a", "b", port="x")),
        named("Over-Order Hold", "v1.2", "日本", "x" * 200, "a!", "!!!"),
    ],
)
def test_a_graph_without_mistakes(good: Graph) -> None:
    assert found(good) == []


@pytest.mark.parametrize(
    ("bad", "problems"),
    [
        (graph(""), [("no_actions", "actions"), ("no_start", "edges")]),
        (graph("a"), [("no_start", "edges"), ("unreachable_action", "actions.a")]),
        (
            graph("a b", start("a"), edge("a", "b", EdgeType.START)),
            [("start_with_source", "edges[1] (a -> b)")],
        ),
        (
            graph("a b", start("a"), start("b"), edge(None, "b"), edge(None, "b", ALWAYS)),
            [("edge_without_source", "edges[2] (start -> b)"), ("edge_without_source", "edges[3] (start -> b)")],
        ),
        (
            graph("a", start("a"), start("x"), edge("a", "y"), edge("z", "a")),
            [
                ("unknown_action", "edges[1] (start -> x)"),
                ("unknown_action", "edges[2] (a -> y)"),
                ("unknown_action", "edges[3] (z -> a)"),
            ],
        ),
        (
            graph("a", start("a"), edge("x", "y")),
            [("unknown_action", "edges[1] (x -> y)"), ("unknown_action", "edges[1] (x -> y)")],
        ),
        (
            graph("a b", start("a"), edge("a", "b"), start("a"), edge("a", "b"), edge("a", "b")),
            [
                ("duplicate_edge", "edges[2] (start -> a)"),
                ("duplicate_edge", "edges[3] (a -> b)"),
                ("duplicate_edge", "edges[4] (a -> b)"),
            ],
        ),
        (
            graph("a b", start("a"), edge("a", "b", port="x"), edge("a", "b", PARALLEL, "x"), edge("a", "b", port="x")),
            [("duplicate_edge", "edges[3] (a -> b)")],
        ),
        (
            graph("if a b", start("if"), edge("if", "a", TRUE, "true"), edge("if", "b", ALWAYS, "failure")),
            [("port_not_allowed", "edges[1] (if -> a)"), ("port_not_allowed", "edges[2] (if -> b)")],
        ),
        (
            Graph(actions=graph("a").actions, edges=(Edge(target="a", type=EdgeType.START, source_output="x"),)),
            [("port_not_allowed", "edges[0] (start -> a)")],
        ),
        (
            graph("a b", start("a"), edge("a", "b", TRUE), edge("a", "b", FALSE)),
            [("branch_without_condition", "edges[1] (a -> b)"), ("branch_without_condition", "edges[2] (a -> b)")],
        ),
        (graph("a b", start("a"), edge("a", "b"), edge("b", "b")), [("cycle", "edges")]),
        (
            graph("a b c d", start("a"), edge("c", "d")),
            [("unreachable_action", f"actions.{name}") for name in "bcd"],
        ),
        (named("a", "b", "a", "a"), [("duplicate_name", "actions.a.name")]),
        (named("Check Amount", "check_amount", "b"), [("duplicate_slug", "actions.check_amount.name")]),
        (named("Trigger!"), [("reserved_name", "actions.Trigger!.name")]),
        (
            named(" a", "b ", "", "x" * 201),
            [("invalid_name", f"actions.{n}.name") for n in (" a", "b ", "", "x" * 201)],
        ),
    ],
)
def test_each_mistake_has_its_code_and_its_place(bad: Graph, problems: list[tuple[str, str]]) -> None:
    assert found(bad) == problems


def test_several_mistakes_are_reported_together() -> None:
    bad = graph(
        "a a b c d e",
        edge("x", "a"),
        edge(None, "b"),
        edge("a", "b", TRUE),
        edge("b", "c", ALWAYS, "x"),
        edge("c", "b"),
        edge("d", "e"),
        edge("d", "e"),
    )
    assert {code for code, _ in found(bad)} == {
        "duplicate_name",
        "no_start",
        "unknown_action",
        "edge_without_source",
        "branch_without_condition",
        "port_not_allowed",
        "duplicate_edge",
        "cycle",
        "unreachable_action",
    }


def test_a_cycle_is_spelled_out() -> None:
    around = graph("a b c", start("a"), edge("a", "b"), edge("b", "c"), edge("c", "a"))
    spelled = message(around)
    assert any(f"{one} -> {two} -> {three} -> {one}" in spelled for one, two, three in ("abc", "bca", "cab"))
    assert "b -> b" in message(graph("a b", start("a"), edge("a", "b"), edge("b", "b")))


def test_each_cycle_is_a_problem_of_its_own() -> None:
    two = graph("a b c d", start("a"), edge("a", "b"), edge("b", "a"), edge("b", "c"), edge("c", "d"), edge("d", "c"))
    spelled = [problem.message for problem in structure_problems(two)]
    assert len(spelled) == 2
    assert any("a -> b" in text for text in spelled)
    assert any("c -> d" in text for text in spelled)


def test_a_message_names_what_it_is_about() -> None:
    assert "a" in message(graph("a b", start("a"), edge("a", "b", EdgeType.START), start("b")))
    assert "'x'" in message(graph("a", start("a"), edge("a", "x")))
    assert "edges[0]" in message(graph("a", start("a"), start("a")))
    assert "'Check Amount'" in message(named("Check Amount", "check_amount"))


@pytest.mark.parametrize(
    ("ids", "problems"),
    [
        (("1", "2"), []),
        ((None, None), []),
        (("1", "1"), [("duplicate_id", "actions.b.id")]),
        (("b", None), [("duplicate_id", "actions.b.id")]),
    ],
)
def test_an_id_identifies_one_action(ids: tuple[str | None, str | None], problems: list[tuple[str, str]]) -> None:
    actions = tuple(Action(id=id_, name=name, type="mail") for id_, name in zip(ids, "ab", strict=True))
    assert found(Graph(actions=actions, edges=(start("a"), start("b")))) == problems


@pytest.mark.parametrize(
    ("of", "codes"),
    [
        (graph(""), ["no_actions", "no_start"]),
        (graph("a"), ["no_start"]),
        (graph("a b", start("a"), edge("a", "b"), edge("b", "a")), ["cycle"]),
        (graph("a b a", start("a"), edge("x", "b"), edge("a", "b", TRUE, "x")), []),
    ],
)
def test_only_some_mistakes_make_a_stored_graph_impossible_to_run(of: Graph, codes: list[str]) -> None:
    assert [problem.code for problem in fatal_problems(of)] == codes


@pytest.mark.parametrize(
    ("of", "places"),
    [
        (graph("a b j", start("a"), start("b"), edge("a", "j"), edge("b", "j")), []),
        (
            graph("a b j c", start("a"), start("b"), edge("a", "j"), edge("b", "j"), edge("a", "c", port="failure")),
            ["edges[2] (a -> j)"],
        ),
        (
            graph("a j c", start("a"), start("j"), edge("a", "j", port="x"), edge("a", "c", PARALLEL, "failure")),
            ["edges[2] (a -> j)"],
        ),
        (
            graph("a j c", start("a"), edge("a", "j"), edge("a", "c", port="failure"), edge("c", "j")),
            ["edges[1] (a -> j)"],
        ),
        (graph("a j c", start("a"), start("j"), edge("a", "j", ALWAYS), edge("a", "c", port="failure")), []),
        (graph("a j", start("a"), start("j"), edge("a", "j", port="failure")), []),
        (graph("a j", start("a"), edge("a", "j"), edge("a", "j", port="failure")), []),
        (graph("a j c", start("a"), edge("a", "j"), edge("a", "c", port="failure")), []),
    ],
)
def test_a_target_that_may_run_although_its_source_failed_is_warned_of(of: Graph, places: list[str]) -> None:
    warnings = list(failure_joins(of))
    assert [warning.where for warning in warnings] == places
    assert {warning.code for warning in warnings} <= {"failure_join"}
    assert structure_problems(of) == []
