"""Why an action did not run, and what a run's record says."""

from datetime import UTC, datetime

from ichor_executor import Ended, Machine, Plan, Recorder, RunAction
from ichor_executor.stop import Stop
from ichor_models import ActionError, ActionState, Case, Rule, RunRecord, RunStatus
from ichor_testing.graph_builder import GraphBuilder

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)


def record(rule: Rule, case: Case) -> RunRecord:
    plan, request = Plan(rule.graph), case.request(rule)
    run, recorder = Machine(plan, request), Recorder(plan)
    todo = run.start(NOW)
    while todo:
        command = todo.pop(0)
        if isinstance(command, Ended):
            recorder.note(command, NOW)
        elif isinstance(command, RunAction):
            name = plan.nodes[command.at].action.name
            try:
                todo += run.succeeded(command.at, case.answer(name, "log", {}), NOW)
            except ActionError as error:
                todo += run.failed(command.at, error, NOW)
    return recorder.record(RunStatus.PARTIAL)


def test_skipped_and_blocked_actions_name_the_edges_that_decided() -> None:
    rule = (
        GraphBuilder()
        .condition("check", "total", "greater_than", 100)
        .action("big")
        .action("small")
        .action("mail")
        .start("check")
        .on_true("check", "big")
        .on_false("check", "small")
        .then("small", "mail")
        .rule()
    )
    case = Case.model_validate({"trigger_data": {"total": 7}, "results": {"small": {"error": "no stock"}}})
    entries = {action.name: action for action in record(rule, case).actions}
    [skipped] = entries["big"].reason
    assert (skipped.source, skipped.resolved, skipped.because) == ("check", "skipped", "completed with false_branch")
    [blocked] = entries["mail"].reason
    assert (blocked.source, blocked.resolved, blocked.because) == ("small", "broken", "failed")
    assert entries["check"].config is not None
    assert entries["check"].started == NOW
    assert entries["small"].result == {
        "error": {"message": "no stock", "type": "ActionError", "retryable": False},
        "output": "failure",
    }


def test_the_error_of_a_run_names_every_unhandled_failure() -> None:
    builder = GraphBuilder()
    for index in range(8):
        builder.action(f"a{index}").start(f"a{index}")
    case = Case.model_validate({"results": {f"a{index}": {"error": "broke"} for index in range(7)}})
    assert record(builder.rule(), case).error == ("a0: broke; a1: broke; a2: broke; a3: broke; a4: broke; and 2 more")


def test_a_stopped_run_cancels_what_had_not_ended() -> None:
    rule = GraphBuilder().action("a").action("b").start("a").then("a", "b").rule()
    stopped = Recorder(Plan(rule.graph)).record(RunStatus.FAILED, Stop.DEADLINE)
    assert (stopped.error_type, stopped.error) == ("deadline", "The run's deadline passed.")
    assert [action.state.value for action in stopped.actions] == ["cancelled", "cancelled"]


def test_the_record_of_many_conditions_on_a_large_value_is_small() -> None:
    builder = GraphBuilder()
    for index in range(50):
        builder.condition(f"c{index}", "total", "equals", "{{ text }}").start(f"c{index}")
    made = record(builder.rule(), Case(trigger_data={"text": "x" * 100_000}))
    assert made.actions[0].config is not None
    assert {action.state for action in made.actions} == {ActionState.COMPLETED}
    assert len(made.model_dump_json()) < 1.5 * 2**20
