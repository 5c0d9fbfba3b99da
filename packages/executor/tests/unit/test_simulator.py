"""A case, from its file to its outcome."""

from ichor_executor import simulate
from ichor_models import CONTROL_TYPES, ActionType, Case, Catalogue
from ichor_testing.graph_builder import GraphBuilder
from pydantic import BaseModel


class Message(BaseModel):
    message: str
    times: int = 1


CATALOGUE = Catalogue([*CONTROL_TYPES, ActionType("log_audit_entry", Message)])


def test_a_resolved_config_is_checked_and_made_text_where_text_is_asked() -> None:
    rule = GraphBuilder().action("a", message="{{total}}").action("b", message="{{nothing}}").start("a", "b").rule()
    outcome = simulate(rule, Case(trigger_data={"total": 6.0}), CATALOGUE)
    assert outcome.actions["a"].config == {"message": "6"}
    assert outcome.actions["b"].config == {"message": ""}


def test_a_config_that_does_not_fit_fails_the_action() -> None:
    rule = GraphBuilder().action("a", message="x", times="{{word}}").start("a").rule()
    result = simulate(rule, Case(trigger_data={"word": "many"}), CATALOGUE).actions["a"].result or {}
    assert "'type': 'config'" in str(result)
    assert "times" in str(result)
    assert "many" not in str(result)


def test_a_delay_takes_no_time_and_tells_its_length() -> None:
    rule = GraphBuilder().delay("wait", "{{days}}d").start("wait").rule()
    outcome = simulate(rule, Case(trigger_data={"days": 2}), CATALOGUE).document()
    assert outcome == {
        "status": "completed",
        "actions": {
            "wait": {
                "state": "completed",
                "config": {"duration": "2d"},
                "result": {"delayed": True, "duration": "48h0m0s", "output": "success"},
            }
        },
        "order": ["wait"],
    }
