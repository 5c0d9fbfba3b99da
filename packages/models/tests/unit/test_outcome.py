from ichor_models import ActionOutcome, ActionState, Outcome, RunStatus


def test_an_outcome_is_printed_without_what_an_action_does_not_have() -> None:
    outcome = Outcome(
        status=RunStatus.PARTIAL,
        actions={
            "a": ActionOutcome(state=ActionState.COMPLETED, config={"x": 1}, result={}),
            "b": ActionOutcome(state=ActionState.SKIPPED),
        },
        order=("a",),
    )
    assert outcome.document() == {
        "status": "partial",
        "actions": {"a": {"state": "completed", "config": {"x": 1}, "result": {}}, "b": {"state": "skipped"}},
        "order": ["a"],
    }


def test_null_in_configs_and_results_is_kept() -> None:
    outcome = ActionOutcome(state=ActionState.COMPLETED, config={"a": None, "b": [{"c": None}]}, result={"found": None})
    assert Outcome(status=RunStatus.COMPLETED, actions={"a": outcome}, order=()).document()["actions"] == {
        "a": {"state": "completed", "config": {"a": None, "b": [{"c": None}]}, "result": {"found": None}}
    }


def test_states_and_statuses() -> None:
    assert " ".join(ActionState) == "completed failed passed skipped blocked cancelled"
    assert " ".join(RunStatus) == "pending running completed partial failed cancelled"
    assert [status.value for status in RunStatus if not status.ended] == ["pending", "running"]
