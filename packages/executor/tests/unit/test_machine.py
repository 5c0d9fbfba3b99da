"""What the machine asks for, step by step."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ichor_executor import Command, CyclicGraph, Ended, EndRun, Machine, NotUnderWay, Plan, RunAction, StartTimer
from ichor_models import (
    Action,
    ActionError,
    ActionState,
    Case,
    Edge,
    EdgeType,
    Graph,
    Rule,
    RunRequest,
    RunStatus,
)
from ichor_testing.graph_builder import GraphBuilder

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)


def request(rule: Rule, **trigger_data: Any) -> RunRequest:
    return Case(trigger_data=trigger_data).request(rule).model_copy(update={"case": False, "clock": None})


def machine(rule: Rule, **trigger_data: Any) -> Machine:
    return Machine(Plan(rule.graph), request(rule, **trigger_data))


def started(commands: list[Command]) -> list[int]:
    return [command.at for command in commands if isinstance(command, RunAction)]


def ended(commands: list[Command]) -> list[tuple[int, ActionState]]:
    return [(command.at, command.ending.state) for command in commands if isinstance(command, Ended)]


def test_ready_actions_start_by_the_order_of_their_edges_then_by_id() -> None:
    actions = tuple(Action(id=id_, name=name, type="log") for id_, name in [("3", "x"), ("1", "y"), ("2", "z")])
    edges = tuple(Edge(target=name, type=EdgeType.START, order=order) for name, order in [("x", 2), ("y", 2), ("z", 1)])
    graph = Graph(actions=actions, edges=edges)
    rule = GraphBuilder().action("a").start("a").rule().model_copy(update={"actions": actions, "edges": edges})
    assert started(Machine(Plan(graph), request(rule)).start(NOW)) == [2, 1, 0]


def test_a_delay_is_a_timer_and_tells_its_length() -> None:
    run = machine(
        GraphBuilder()
        .delay("wait", "1h30m")
        .action("b", note="{{wait.duration}}")
        .start("wait")
        .then("wait", "b")
        .rule()
    )
    assert run.start(NOW) == [StartTimer(0, (NOW + timedelta(minutes=90)).timestamp())]
    assert run.quiet
    asked = run.fired(0, NOW)
    assert asked[0] == Ended(0, asked[0].ending, None, {"delayed": True, "duration": "1h30m0s", "output": "success"})  # type: ignore[union-attr]
    assert isinstance(asked[1], RunAction)
    assert asked[1].config == {"note": "1h30m0s"}


def test_an_open_delay_keeps_its_end_when_the_run_is_loaded() -> None:
    rule = GraphBuilder().delay("wait", "{{hours}}h").start("wait").rule()
    run = machine(rule, hours=2)
    run.start(NOW)
    loaded = Machine(Plan(rule.graph), request(rule, hours=2), run.state)
    assert loaded.resume(NOW + timedelta(hours=1)) == [StartTimer(0, (NOW + timedelta(hours=2)).timestamp())]


def test_delays_do_not_count_as_in_flight() -> None:
    rule = GraphBuilder().delay("wait", "1h").action("a").action("b").start("wait", "a", "b").rule(max_in_flight=1)
    run = machine(rule)
    assert sorted(type(command).__name__ for command in run.start(NOW)) == ["RunAction", "StartTimer"]
    assert started(run.succeeded(1, {}, NOW)) == [2]


def test_a_held_machine_starts_nothing_and_goes_on_when_loaded() -> None:
    rule = GraphBuilder().action("a").action("b").start("a").then("a", "b").rule()
    run = machine(rule)
    run.start(NOW)
    run.hold()
    assert started(run.succeeded(0, {}, NOW)) == []
    assert run.quiet
    assert started(Machine(Plan(rule.graph), request(rule), run.state).resume(NOW)) == [1]


def test_now_is_the_time_at_which_the_action_starts() -> None:
    rule = GraphBuilder().action("a").action("b", at="{{$now}}", who="{{$me}}").start("a").then("a", "b").rule()
    run = machine(rule)
    run.start(NOW)
    asked = run.succeeded(0, {}, NOW + timedelta(seconds=5.5))[-1]
    assert isinstance(asked, RunAction)
    assert asked.config == {"at": "2026-11-23T20:00:05Z", "who": "00000000-0000-0000-0000-000000000000"}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"x": "{{ expr: total / 0 }}"}, "config.x: division by zero: '0' is 0"),
        ({"x": "{{ expr: nothing + 1 }}"}, "config.x: expr needs a number, but 'nothing' is missing"),
        ({"x": {"y": ["{{ open"]}}, "config.x.y.0: the {{ in '{{ open' is not closed"),
        ({"x": "{{ beside.x }}"}, "config.x: beside.x is out of reach: 'beside' does not come before this action"),
    ],
)
def test_a_template_that_cannot_be_resolved_fails_the_action(config: dict[str, Any], said: str) -> None:
    rule = (
        GraphBuilder()
        .action("a", **config)
        .action("beside")
        .action("after")
        .start("a", "beside")
        .always("a", "after")
        .rule()
    )
    commands = machine(rule, total=3).start(NOW)
    failure = next(command for command in commands if isinstance(command, Ended))
    assert failure.ending.state is ActionState.FAILED
    error: Any = (failure.result or {})["error"]
    assert error["message"].startswith(said)
    assert (error["type"], error["retryable"]) == ("template", False)
    assert started(commands) == [1, 2]


def test_a_path_made_by_a_template_reaches_no_further() -> None:
    builder = GraphBuilder().action("beside").condition("check", "{{which}}", "is_not_null").start("beside", "check")
    run = machine(builder.rule(), which="beside.x")
    run.start(NOW)
    assert run.state.failed


def test_a_failed_action_shows_its_error_to_those_behind_it() -> None:
    rule = (
        GraphBuilder()
        .action("a")
        .action("b", why="{{a.error.message}}", port="{{a.output}}")
        .start("a")
        .on_failure("a", "b")
        .rule()
    )
    run = machine(rule)
    run.start(NOW)
    asked = run.failed(0, ActionError("no stock", type="Stock"), NOW)[-1]
    assert isinstance(asked, RunAction)
    assert asked.config == {"why": "no stock", "port": "failure"}


def test_results_are_kept_only_as_long_as_someone_may_refer_to_them() -> None:
    rule = (
        GraphBuilder().action("a").action("b", x="{{a.x}}").action("c").start("a").then("a", "b").then("b", "c").rule()
    )
    run = machine(rule)
    run.start(NOW)
    run.succeeded(0, {"x": 1}, NOW)
    assert list(run.state.results) == [0]
    run.succeeded(1, {"y": 2}, NOW)
    assert list(run.state.results) == []


def test_an_action_that_no_edge_leads_to_is_skipped() -> None:
    rule = GraphBuilder().action("a").action("lost").action("behind").start("a").then("lost", "behind").rule()
    run = machine(rule)
    assert ended(run.start(NOW)) == [(1, ActionState.SKIPPED), (2, ActionState.SKIPPED)]
    assert run.succeeded(0, {}, NOW)[-1] == EndRun(RunStatus.COMPLETED)


def test_a_stored_action_that_cannot_be_read_fails_when_it_should_run() -> None:
    rule = GraphBuilder().action("a").start("a").rule()
    broken = rule.actions[0].model_copy(update={"problem": "its config is no object"})
    rule = rule.model_copy(update={"actions": (broken,)})
    commands = machine(rule).start(NOW)
    assert commands[-1] == EndRun(RunStatus.FAILED)


def test_a_template_on_a_repeated_name_fails() -> None:
    rule = GraphBuilder().action("a").action("b", x="{{a.x}}").start("a").then("a", "b").rule()
    actions = (rule.actions[0].model_copy(update={"repeated": True}), rule.actions[1])
    run = machine(rule.model_copy(update={"actions": actions}))
    run.start(NOW)
    error: Any = next(
        command.result for command in run.succeeded(0, {}, NOW) if isinstance(command, Ended) and command.at == 1
    )
    assert "ambiguous" in error["error"]["message"]


def test_what_is_not_under_way_cannot_end() -> None:
    run = machine(GraphBuilder().action("a").delay("d", "1s").start("a", "d").rule())
    run.start(NOW)
    run.succeeded(0, {}, NOW)
    with pytest.raises(NotUnderWay, match="'a' is not in flight"):
        run.succeeded(0, {}, NOW)
    with pytest.raises(NotUnderWay, match="No delay is open at 'a'"):
        run.fired(0, NOW)


def test_a_cycle_is_refused_with_its_way() -> None:
    rule = GraphBuilder().action("a").action("b").start("a").then("a", "b").then("b", "a").rule()
    with pytest.raises(CyclicGraph, match=r"(a -> b -> a|b -> a -> b)"):
        Plan(rule.graph)


def test_secrets_stay_text_and_only_those_of_the_stored_config_have_a_place() -> None:
    rule = GraphBuilder().action("a", header="{{note}} Bearer {{secret:token}}", plain="{{note}}").start("a").rule()
    asked = machine(rule, note="{{secret:x}}").start(NOW)[0]
    assert isinstance(asked, RunAction)
    assert asked.config == {"header": "{{secret:x}} Bearer {{secret:token}}", "plain": "{{secret:x}}"}
    assert [(place.path, place.start, place.name) for place in asked.secrets] == [(("header",), 20, "token")]


def test_a_chain_of_many_conditions_is_no_recursion() -> None:
    builder = GraphBuilder().start("c0")
    for index in range(5000):
        builder.condition(f"c{index}", "x", "is_null")
        if index:
            builder.on_true(f"c{index - 1}", f"c{index}")
    assert machine(builder.rule()).start(NOW)[-1] == EndRun(RunStatus.COMPLETED)
