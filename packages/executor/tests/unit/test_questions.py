"""An action that asks: when it ends, how often it asks, and what changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from ichor_executor import CloseQuestion, Command, Ended, EndRun, Machine, Plan, RunAction, StartTimer
from ichor_models import Asked, Case, Reply, ReplyError, RunStatus
from ichor_testing.graph_builder import GraphBuilder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=60)
DONE = Reply(result={"ok": True})
RULE = GraphBuilder().action("ask").start("ask").rule()
BUSY = Reply(error=ReplyError(message="busy", retryable=True))
UNTIL = LATER.timestamp()


def loaded(machine: Machine | None = None) -> Machine:
    """Return a machine at its beginning, or with the state of another."""
    return Machine(Plan(RULE.graph), Case().request(RULE), machine.state if machine else None)


def started() -> Machine:
    """Return a machine whose only action is in flight."""
    machine = loaded()
    assert isinstance(machine.start(NOW)[0], RunAction)
    return machine


def waiting(**asked: object) -> Machine:
    """Return a machine whose only action waits for a reply until a minute later."""
    machine = started()
    assert machine.asked(0, Asked.model_validate({"until": UNTIL, **asked}), NOW) == [StartTimer(0, UNTIL)]
    return machine


def status(commands: list[Command]) -> RunStatus | None:
    return next((command.status for command in commands if isinstance(command, EndRun)), None)


def error(commands: list[Command]) -> object:
    (ended,) = [command for command in commands if isinstance(command, Ended)]
    return (ended.result or {})["error"]


def test_it_is_not_in_flight_while_it_waits() -> None:
    assert waiting().quiet
    assert not started().quiet


def test_it_ends_with_its_reply() -> None:
    machine = waiting()
    assert status(machine.replied(0, 1, DONE, NOW)) is RunStatus.COMPLETED
    assert machine.replied(0, 1, DONE, NOW) == []


def test_a_reply_may_come_before_it_is_known_that_it_asked() -> None:
    assert status(started().replied(0, 1, DONE, NOW)) is RunStatus.COMPLETED


def test_a_final_error_fails_it() -> None:
    commands = waiting(most=3).replied(0, 1, Reply(error=ReplyError(message="no")), NOW)
    assert error(commands) == {"message": "no", "type": "reply", "retryable": False}


def test_after_a_retryable_error_it_asks_again_with_growing_pauses() -> None:
    machine = waiting(most=3, pause=4)
    assert machine.replied(0, 1, BUSY, NOW) == [StartTimer(0, NOW.timestamp() + 4)]
    assert machine.replied(0, 1, DONE, NOW) == []
    (again,) = machine.fired(0, LATER)
    assert isinstance(again, RunAction)
    assert again.ask == 2
    assert machine.replied(0, 1, DONE, LATER) == []
    machine.asked(0, Asked(until=UNTIL, most=3, pause=4), LATER)
    assert machine.replied(0, 2, BUSY, LATER) == [StartTimer(0, LATER.timestamp() + 8)]
    machine.fired(0, LATER)
    machine.asked(0, Asked(until=UNTIL, most=3, pause=4), LATER)
    assert error(machine.replied(0, 3, BUSY, LATER)) == {"message": "busy", "type": "reply", "retryable": True}


def test_a_retryable_error_that_comes_early_counts_once_it_is_known_that_it_asked() -> None:
    machine = started()
    assert machine.replied(0, 1, BUSY, NOW) == []
    machine = loaded(machine)
    assert machine.asked(0, Asked(until=UNTIL, most=2, pause=4), NOW) == [StartTimer(0, NOW.timestamp() + 4)]


@pytest.mark.parametrize("ask", [2, 7])
def test_what_is_told_of_another_question_changes_nothing(ask: int) -> None:
    machine = waiting()
    assert machine.replied(0, ask, DONE, NOW) == []
    assert machine.expired(0, ask, NOW) == []
    assert machine.state == waiting().state


def test_no_reply_in_time_closes_the_question_first() -> None:
    machine = waiting()
    assert machine.fired(0, LATER) == [CloseQuestion(0, 1)]
    assert error(machine.expired(0, 1, LATER)) == {
        "message": "No reply came in time.",
        "type": "timeout",
        "retryable": True,
    }


def test_a_reply_that_came_while_it_was_closed_counts() -> None:
    machine = waiting()
    machine.fired(0, LATER)
    assert status(machine.replied(0, 1, DONE, LATER)) is RunStatus.COMPLETED
    assert machine.expired(0, 1, LATER) == []


def test_a_time_out_may_be_a_result() -> None:
    machine = waiting(on_timeout={"output": "timed_out"})
    machine.fired(0, LATER)
    ended = machine.expired(0, 1, LATER)[0]
    assert isinstance(ended, Ended)
    assert ended.ending.port == "timed_out"


def test_a_loaded_machine_waits_on() -> None:
    machine = loaded(waiting())
    assert machine.resume(LATER) == [StartTimer(0, UNTIL)]
    assert status(machine.replied(0, 1, DONE, LATER)) is RunStatus.COMPLETED
