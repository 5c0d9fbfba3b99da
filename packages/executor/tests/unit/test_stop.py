"""Runs that are stopped: what ends, what cleans up, and in which order."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ichor_executor import (
    CancelAction,
    Command,
    DropQuestions,
    Ended,
    EndRun,
    Machine,
    Plan,
    RunAction,
    StartTimer,
    Stop,
)
from ichor_models import ActionError, ActionState, Asked, Case, Graph, Reply, ReplyError, Rule, RunStatus
from ichor_testing.graph_builder import GraphBuilder

from .generated import cases, graphs, rule_of
from .stopped_law import after_stop
from .stopping_driver import StoppingDriver, ends_at_once

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
pairs = graphs().flatmap(lambda graph: st.tuples(st.just(graph), cases(graph)))
seeds = st.integers(0, 2**32)
steps = st.integers(0, 6)


def stopping(pair: tuple[Graph, Case], seed: int, steps: int, limit: int = 3, **options: object) -> StoppingDriver:
    graph, case = pair
    lucky = random.Random(seed).sample([action.name for action in graph.actions], len(graph.actions) // 2)
    driver = StoppingDriver(rule_of(graph, limit), case, steps, completes=lucky.__contains__, **options)  # type: ignore[arg-type]
    return driver.run(random.Random(seed).randrange)


@given(pairs, seeds, steps, st.integers(1, 3))
def test_stopped_at_any_step_a_run_ends_as_the_law_says(
    pair: tuple[Graph, Case], seed: int, steps: int, limit: int
) -> None:
    run = stopping(pair, seed, steps, limit)
    if run.before is not None:
        assert run.status is RunStatus.CANCELLED
        assert run.states == after_stop(*pair, run.before, run.under_way)


@given(pairs, seeds, steps)
def test_a_stopped_run_saved_and_loaded_between_any_two_steps_goes_on_alike(
    pair: tuple[Graph, Case], seed: int, steps: int
) -> None:
    assert stopping(pair, seed, steps).log == stopping(pair, seed, steps, reload=True).log


@given(pairs, seeds, steps)
def test_without_an_always_edge_a_stop_is_the_end(pair: tuple[Graph, Case], seed: int, steps: int) -> None:
    run = stopping(pair, seed, steps)
    if run.before is not None and not any(edge.type == "always" for edge in pair[0].edges):
        assert ends_at_once(run.at_stop)
        assert not any(isinstance(command, RunAction | CancelAction) for command in run.at_stop)


@given(pairs, seeds, steps, st.integers(1, 4))
def test_a_second_stop_ends_cleanup_at_once(pair: tuple[Graph, Case], seed: int, steps: int, again: int) -> None:
    """The driver checks that the run has ended; the reason of the first stop stands."""
    run = stopping(pair, seed, steps, again=again)
    if run.before is not None:
        assert run.status is RunStatus.CANCELLED
        assert len(run.states) == len(pair[0].actions)


def machine(rule: Rule) -> tuple[Machine, Plan]:
    plan = Plan(rule.graph)
    request = Case().request(rule).model_copy(update={"case": False})
    return Machine(plan, request), plan


def states(plan: Plan, *told: object) -> dict[str, str]:
    return {plan.nodes[item.at].action.name: item.ending.state.value for item in told if isinstance(item, Ended)}


def started(plan: Plan, told: list[Command]) -> list[str]:
    return [plan.nodes[command.at].action.name for command in told if isinstance(command, RunAction)]


def reserve() -> Rule:
    builder = GraphBuilder().action("reserve").action("pay").action("release").action("tell")
    builder.start("reserve").then("reserve", "pay").always("reserve", "release").always("pay", "release")
    return builder.then("release", "tell").rule()


def test_cleanup_begins_when_what_it_cleans_up_after_has_stopped() -> None:
    run, plan = machine(reserve())
    run.start(NOW)
    assert run.stop(Stop.CANCELLED, NOW) == [CancelAction(0)]
    told = run.failed(0, ActionError("stopped", type="CancelledError"), NOW)
    assert states(plan, *told) == {"reserve": "cancelled", "pay": "cancelled"}
    assert [command.at for command in told if isinstance(command, RunAction)] == [2]
    told = run.succeeded(2, {}, NOW)
    assert [command.at for command in told if isinstance(command, RunAction)] == [3]
    assert run.succeeded(3, {}, NOW)[-1] == EndRun(RunStatus.CANCELLED)


def test_what_completes_although_it_was_asked_to_stop_is_completed_and_cleaned_up_after() -> None:
    run, plan = machine(reserve())
    run.start(NOW)
    run.stop(Stop.DEADLINE, NOW)
    told = run.succeeded(0, {}, NOW)
    assert states(plan, *told) == {"reserve": "completed", "pay": "cancelled"}
    run.succeeded(2, {}, NOW)
    assert run.succeeded(3, {}, NOW)[-1] == EndRun(RunStatus.FAILED)


def test_a_delay_and_an_open_question_end_at_once_and_the_question_is_closed() -> None:
    rule = GraphBuilder().delay("wait", "1d").action("ask").action("note").start("wait", "ask").always("ask", "note")
    run, plan = machine(rule.rule())
    run.start(NOW)
    run.asked(1, Asked(until=(NOW + timedelta(days=1)).timestamp()), NOW)
    told = run.stop(Stop.CANCELLED, NOW)
    assert told[0] == DropQuestions(((1, 1),))
    assert states(plan, *told) == {"wait": "cancelled", "ask": "cancelled"}
    assert [command.at for command in told if isinstance(command, RunAction)] == [2]


def test_what_an_action_in_flight_may_have_asked_is_closed_before_cleanup() -> None:
    graph = GraphBuilder().action("ask").action("work").action("note").start("ask", "work").always("work", "note")
    run, plan = machine(graph.rule())
    run.start(NOW)
    told = run.stop(Stop.CANCELLED, NOW)
    assert told[:2] == [CancelAction(1), DropQuestions(((0, 1),))]
    assert states(plan, *told) == {"ask": "cancelled"}


def test_what_asks_while_it_is_to_stop_is_cancelled_and_its_question_closed() -> None:
    run, plan = machine(GraphBuilder().action("ask").action("note").start("ask").always("ask", "note").rule())
    run.start(NOW)
    run.stop(Stop.CANCELLED, NOW)
    told = run.asked(0, Asked(until=(NOW + timedelta(days=1)).timestamp()), NOW)
    assert told[0] == DropQuestions(((0, 1),))
    assert states(plan, *told) == {"ask": "cancelled"}
    assert not any(isinstance(command, StartTimer) for command in told)


def test_a_finally_that_waits_for_room_runs_although_nothing_of_its_path_is_under_way() -> None:
    builder = GraphBuilder().action("book").action("other").action("release").start("book", "other")
    run, plan = machine(builder.always("book", "release").rule(max_in_flight=1))
    run.start(NOW)
    assert started(plan, run.succeeded(0, {}, NOW)) == ["other"]
    told = run.stop(Stop.CANCELLED, NOW)
    assert (states(plan, *told), started(plan, told)) == ({"other": "cancelled"}, ["release"])
    assert run.succeeded(2, {}, NOW)[-1] == EndRun(RunStatus.CANCELLED)


def test_a_finally_whose_source_ended_long_before_runs() -> None:
    builder = GraphBuilder().action("reserve").delay("wait", "1d").action("pay").action("release").start("reserve")
    builder.then("reserve", "wait").then("wait", "pay").always("reserve", "release").always("pay", "release")
    run, plan = machine(builder.rule())
    run.start(NOW)
    run.succeeded(0, {}, NOW)
    told = run.stop(Stop.CANCELLED, NOW)
    assert (states(plan, *told), started(plan, told)) == ({"wait": "cancelled", "pay": "cancelled"}, ["release"])


def test_what_waits_for_room_to_ask_again_is_cleaned_up_after() -> None:
    builder = GraphBuilder().action("ask").action("other").action("tidy").start("ask", "other")
    run, plan = machine(builder.always("ask", "tidy").rule(max_in_flight=1))
    run.start(NOW)
    assert started(plan, run.asked(0, Asked(until=NOW.timestamp() + 60, most=2), NOW)) == ["other"]
    run.replied(0, 1, Reply(error=ReplyError(message="busy", retryable=True)), NOW)
    assert run.fired(0, NOW) == []
    told = run.stop(Stop.CANCELLED, NOW)
    assert (states(plan, *told), started(plan, told)) == ({"ask": "cancelled", "other": "cancelled"}, ["tidy"])


@pytest.mark.parametrize("asked_before", [False, True])
def test_what_was_not_sent_is_cleaned_up_after_only_where_it_asked_before(asked_before: bool) -> None:
    run, plan = machine(GraphBuilder().action("ask").action("tidy").start("ask").always("ask", "tidy").rule())
    run.start(NOW)
    if asked_before:
        run.asked(0, Asked(until=NOW.timestamp() + 60, most=2), NOW)
        run.replied(0, 1, Reply(error=ReplyError(message="busy", retryable=True)), NOW)
        assert started(plan, run.fired(0, NOW)) == ["ask"]
    assert run.stop(Stop.CANCELLED, NOW) == [CancelAction(0)]
    assert started(plan, run.withdrawn(0, NOW)) == ["tidy"] * asked_before


def test_a_stop_undoes_hold_for_cleanup() -> None:
    run, _ = machine(GraphBuilder().delay("wait", "1d").action("note").start("wait").always("wait", "note").rule())
    run.start(NOW)
    run.hold()
    assert [command.at for command in run.stop(Stop.CANCELLED, NOW) if isinstance(command, RunAction)] == [1]


def test_a_second_ordinary_stop_changes_nothing() -> None:
    run, _ = machine(reserve())
    run.start(NOW)
    run.stop(Stop.CANCELLED, NOW)
    assert run.stop(Stop.DEADLINE, NOW) == []
    assert run.stopped is Stop.CANCELLED


def test_an_end_at_once_runs_no_cleanup_that_waits_for_another_edge() -> None:
    builder = GraphBuilder().action("a").action("b").action("note").start("a", "b")
    run, plan = machine(builder.always("a", "note").always("b", "note").rule())
    run.start(NOW)
    run.stop(Stop.CANCELLED, NOW)
    run.failed(0, ActionError("stopped", type="CancelledError"), NOW)
    told = run.stop(Stop.CANCELLED, NOW, cleanup=False)
    assert states(plan, *told) == {"b": ActionState.CANCELLED, "note": ActionState.CANCELLED}
    assert told[-1] == EndRun(RunStatus.CANCELLED)
