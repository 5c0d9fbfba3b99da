"""How far a run came, by its graph and what is recorded of its actions."""

from datetime import UTC, datetime, timedelta

import pytest
from ichor_edgestore import RunView
from ichor_models import Rule
from ichor_service import run_progress
from pydantic import JsonValue

BEGAN = datetime(2026, 11, 23, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(*ended: str, total: int = 5, error: JsonValue = None, port: str | None = None, **more: object) -> RunView:
    """Return a run that tells for a minute, waits an hour where the order is large, tells again, and waits two."""
    rule = Rule.model_validate(
        {
            "name": "Later",
            "trigger": {"entity": "orders", "event": "on_create"},
            "actions": [
                {"name": "tell", "type": "log_audit_entry", "config": {"message": "x"}},
                {
                    "name": "large",
                    "type": "evaluate_condition",
                    "config": {"conditions": [{"field_name": "total", "operator": "greater_than", "value": 3}]},
                },
                {"name": "first", "type": "delay", "config": {"duration": "1h"}},
                {"name": "again", "type": "log_audit_entry", "config": {"message": "x"}},
                {"name": "second", "type": "delay", "config": {"duration": "2h"}},
                {"name": "small", "type": "log_audit_entry", "config": {"message": "x"}},
            ],
            "edges": [
                {"source": None, "target": "tell", "type": "start"},
                {"source": "tell", "target": "large", "type": "sequence", "source_output": port},
                {"source": "large", "target": "first", "type": "true_branch"},
                {"source": "large", "target": "small", "type": "false_branch"},
                {"source": "first", "target": "again", "type": "sequence"},
                {"source": "again", "target": "second", "type": "sequence"},
            ],
        }
    )
    times = {"tell": BEGAN + timedelta(minutes=1), "again": BEGAN + 2 * HOUR}
    came = {"state": "failed", "error": error} if error else {"state": "completed", "result": {"output": "success"}}
    actions = [
        {"name": name, "type": "log_audit_entry", "started": BEGAN, "ended": times[name], **came} for name in ended
    ]
    shown: dict[str, object] = {
        "execution_id": "x",
        "workflow_id": "w",
        "event_id": "e",
        "entity_name": "orders",
        "source": "event",
        "status": "running",
        "created": BEGAN,
        "started": BEGAN,
        "trigger_data": {"total": total},
        "graph_version": rule.graph.version,
        "graph": rule.graph,
        "actions": actions,
    }
    return RunView.model_validate(shown | more)


@pytest.mark.parametrize(
    ("view", "after", "delays"),
    [
        (run(), HOUR / 2, {}),
        (run("tell"), HOUR / 2, {"first": BEGAN + timedelta(minutes=61)}),
        (run("tell"), 2 * HOUR, {}),
        (run("tell", total=1), HOUR / 2, {}),
        (run("tell", error={"retryable": False}), HOUR / 2, {}),
        (run("tell", error={"retryable": True}), HOUR / 2, {}),
        (run("tell", error={"retryable": False}, port="failure"), HOUR / 2, {"first": BEGAN + timedelta(minutes=61)}),
        (run("tell", error={"retryable": True}, port="failure"), HOUR / 2, {}),
        (run("tell", "again"), 3 * HOUR, {"second": BEGAN + 4 * HOUR}),
        (run("tell", status="completed"), HOUR / 2, {}),
        (run("tell", cancellation={"requested": BEGAN}), HOUR / 2, {}),
    ],
)
def test_a_delay_is_waited_in_from_the_end_of_what_led_to_it(
    view: RunView, after: timedelta, delays: dict[str, datetime]
) -> None:
    assert run_progress(view, BEGAN + after).delays == delays


@pytest.mark.parametrize(
    ("view", "after", "states"),
    [
        (run(), HOUR, {}),
        (run("tell"), HOUR, {"tell": "completed", "large": "completed", "first": "running", "small": "skipped"}),
        (
            run("tell", total=1),
            HOUR,
            {"tell": "completed", "large": "completed", "first": "skipped", "again": "skipped", "second": "skipped"},
        ),
        (
            run("tell", "again"),
            3 * HOUR,
            {
                "tell": "completed",
                "again": "completed",
                "large": "completed",
                "first": "completed",
                "second": "running",
                "small": "skipped",
            },
        ),
        (run("tell", error={"retryable": True}), HOUR, {"tell": "failed"}),
        (run("tell", status="completed"), HOUR, {"tell": "completed"}),
        (run("tell", cancellation={"requested": BEGAN}), HOUR, {"tell": "completed"}),
    ],
)
def test_what_the_interpreter_did_is_told_beside_what_activities_did(
    view: RunView, after: timedelta, states: dict[str, str]
) -> None:
    assert {action.name: action.state for action in run_progress(view, BEGAN + after).run.actions} == states


def test_conditions_and_delays_have_their_times_and_what_was_skipped_its_reason() -> None:
    told = {action.name: action for action in run_progress(run("tell"), BEGAN + HOUR).run.actions}
    decided = BEGAN + timedelta(minutes=1)
    assert list(told) == ["tell", "large", "first", "small"]
    assert (told["large"].started, told["large"].ended) == (decided, decided)
    assert told["large"].result is not None
    assert told["large"].result["branch_taken"] == "true_branch"
    assert (told["first"].started, told["first"].ended) == (decided, None)
    (reason,) = told["small"].reason
    assert (reason.source, reason.because) == ("large", "completed with true_branch")


def test_a_result_that_was_changed_by_hand_ends_nothing() -> None:
    view = run("tell")
    (tell,) = view.actions
    view = view.model_copy(update={"actions": (tell.model_copy(update={"result": {"ichor.stored": 5}}),)})
    assert run_progress(view, BEGAN + HOUR).run.actions == view.actions


def test_of_actions_with_one_name_it_is_not_known_which_ended() -> None:
    view = run("tell")
    tell, *others = view.graph.actions
    graph = view.graph.model_copy(update={"actions": (tell.model_copy(update={"repeated": True}), *others)})
    assert run_progress(view.model_copy(update={"graph": graph}), BEGAN + HOUR).run.actions == view.actions


TRY: dict[str, object] = {
    "name": "Try",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [
        {"name": "call", "type": "request_reply", "config": {}},
        {
            "name": "is_busy",
            "type": "evaluate_condition",
            "config": {"conditions": [{"field_name": "call.error.type", "operator": "equals", "value": "busy"}]},
        },
        {"name": "ask", "type": "seek_approval", "config": {}},
        {"name": "other", "type": "delay", "config": {"duration": "1h"}},
    ],
    "edges": [
        {"source": None, "target": "call", "type": "start"},
        {"source": "call", "target": "is_busy", "type": "sequence", "source_output": "failure"},
        {"source": "is_busy", "target": "ask", "type": "true_branch"},
        {"source": "is_busy", "target": "other", "type": "false_branch"},
    ],
}


def test_a_failure_is_told_as_it_was_and_is_final_where_the_run_went_on_from_it() -> None:
    rule = Rule.model_validate(TRY)
    busy = {"message": "It is busy.", "type": "busy", "retryable": True}
    actions: list[dict[str, object]] = [
        {"name": "call", "type": "request_reply", "state": "failed", "started": BEGAN, "ended": BEGAN, "error": busy},
        {"name": "ask", "type": "seek_approval", "state": "running", "started": BEGAN},
    ]
    shown = run().model_dump() | {"graph": rule.graph, "actions": actions}
    told = run_progress(RunView.model_validate(shown), BEGAN + HOUR / 2)
    assert told.retries == []
    assert {action.name: action.state for action in told.run.actions} == {
        "call": "failed",
        "is_busy": "completed",
        "ask": "running",
        "other": "skipped",
    }
    open_yet = run_progress(RunView.model_validate(shown | {"actions": actions[:1]}), BEGAN + HOUR / 2)
    assert [action.name for action in open_yet.run.actions] == open_yet.retries == ["call"]


def test_trigger_data_with_a_key_of_the_event_that_is_no_id_are_no_obstacle() -> None:
    view = run("tell", trigger_data={"entity_id": "x" * 5000})
    assert run_progress(view, BEGAN + HOUR).run.actions == view.actions


def test_it_does_not_matter_how_many_are_under_way_at_once() -> None:
    asking = [f"ask {number}" for number in range(100)]
    rule = Rule.model_validate(
        {
            "name": "Ask all",
            "trigger": {"event": "manual"},
            "actions": [
                *({"name": name, "type": "request_reply", "config": {}} for name in asking),
                {"name": "tell", "type": "log_audit_entry", "config": {"message": "x"}},
                {"name": "wait", "type": "delay", "config": {"duration": "1h"}},
            ],
            "edges": [
                *({"source": None, "target": name, "type": "start"} for name in (*asking, "tell")),
                {"source": "tell", "target": "wait", "type": "sequence"},
            ],
        }
    )
    actions: list[object] = [
        {"name": name, "type": "request_reply", "state": "running", "started": BEGAN} for name in asking
    ]
    actions += run("tell").actions
    view = RunView.model_validate(run().model_dump() | {"graph": rule.graph, "actions": actions})
    assert list(run_progress(view, BEGAN + HOUR / 2).delays) == ["wait"]
