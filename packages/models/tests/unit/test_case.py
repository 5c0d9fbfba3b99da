from datetime import UTC, datetime
from typing import Any

import pytest
from ichor_models import CONTROL_TYPES, ActionError, Case, Catalogue, ConfigError, Expectation, InvalidDocument, Rule
from ichor_models.run_request import always_there
from pydantic import JsonValue, ValidationError

ZEROS = "00000000-0000-0000-0000-000000000000"
RULE = Rule.model_validate(
    {
        "name": "Order approval",
        "trigger": {"entity": "orders", "event": "on_update"},
        "options": {"max_in_flight": 7},
        "actions": [{"name": "a", "type": "mail"}, {"name": "wait", "type": "delay", "config": {"duration": "90s"}}],
        "edges": [{"target": "a", "type": "start"}, {"target": "wait", "type": "start"}],
    }
)


def test_the_defaults_are_fixed() -> None:
    request = Case().request(RULE)
    assert (request.run.execution_id, request.run.rule_id, request.run.rule_name) == (ZEROS, ZEROS, "Order approval")
    assert request.clock == datetime(2026, 1, 1, tzinfo=UTC)
    assert (request.case, request.graph, request.options) == (True, RULE.graph, RULE.options)
    assert request.trigger_data == {
        "event_id": ZEROS,
        "event_type": "on_update",
        "entity_name": "orders",
        "entity_id": ZEROS,
        "user_id": ZEROS,
        "timestamp": "2026-01-01T00:00:00Z",
    }


def test_what_a_case_sets_is_what_templates_see() -> None:
    case = Case.model_validate(
        {
            "trigger_data": {"total": 5, "entity_id": "o1"},
            "now": "2026-11-23T21:00:00+01:00",
            "user_id": "u1",
            "event": {"entity_name": "invoices", "field_changes": {"total": {"old_value": 1, "new_value": 5}}},
        }
    )
    request = case.request(RULE)
    assert request.trigger_data["total"] == 5
    assert request.trigger_data["field_changes"] == {"total": {"old_value": 1, "new_value": 5}}
    assert request.clock is not None
    there = always_there(request.run, request.clock)
    assert (there["$now"], there["$me"], there["user_id"]) == ("2026-11-23T20:00:00Z", "u1", "u1")
    assert (there["entity_id"], there["entity_name"]) == ("o1", "invoices")


def test_a_case_may_be_of_nobody() -> None:
    request = Case(user_id=None).request(RULE)
    assert request.run.event.user_id is None


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"results": {"x": {"result": {}}, "a": {"result": {}}}}, r"results for \['x'\], which are no actions"),
        ({"event": {"event_id": ["e"]}}, "event_id must be text"),
        ({"event": {"timestamp": "yesterday"}}, "timestamp must be a date"),
        ({"trigger_data": {"user_id": {"name": "Ada"}}}, "user_id must be text"),
    ],
)
def test_a_case_that_does_not_fit_its_rule_is_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDocument, match=said):
        Case.model_validate(document).request(RULE)


@pytest.mark.parametrize(
    "document",
    [
        {"results": {"a": {}}},
        {"results": {"a": {"result": {}, "error": "x"}}},
        {"results": {"a": {"result": [1]}}},
        {"results": {"a": {"error": 5}}},
        {"results": {"a": {"output": "x"}}},
        {"results": []},
        {"trigger_data": []},
        {"now": "2026-01-01T00:00:00"},
        {"nwo": "2026-01-01T00:00:00Z"},
    ],
)
def test_what_is_no_case_is_refused(document: JsonValue) -> None:
    with pytest.raises(ValidationError):
        Case.model_validate(document)


@pytest.mark.parametrize(
    ("results", "answer"),
    [
        ({}, {}),
        ({"a": {"result": {}}}, {}),
        ({"a": {"result": {"x": 1, "output": "any port"}}}, {"x": 1, "output": "any port"}),
    ],
)
def test_an_action_answers_as_the_case_says(results: JsonValue, answer: JsonValue) -> None:
    assert Case.model_validate({"results": results}).answer("a", "mail", {}) == answer


def test_an_action_fails_as_the_case_says() -> None:
    case = Case.model_validate({"results": {"a": {"error": "mail server is away"}}})
    with pytest.raises(ActionError) as told:
        case.answer("a", "mail", {})
    assert told.value.as_json() == {"message": "mail server is away", "type": "ActionError", "retryable": False}


def test_a_delay_answers_by_itself_unless_the_case_does() -> None:
    config: dict[str, JsonValue] = {"duration": "90s"}
    assert Case().answer("wait", "delay", config) == {"delayed": True, "duration": "1m30s", "output": "success"}
    case = Case.model_validate({"results": {"wait": {"result": {"x": 1}}}})
    assert case.answer("wait", "delay", config) == {"x": 1}


def test_configs_are_checked_as_by_a_worker() -> None:
    catalogue = Catalogue(CONTROL_TYPES)
    assert Case().fit(catalogue, "delay", {"duration": "90s"}) == {"duration": "90s"}
    with pytest.raises(ConfigError):
        Case().fit(catalogue, "delay", {"duration": "soon"})
    with pytest.raises(ActionError) as told:
        Case().fit(catalogue, "teleport", {})
    assert told.value.type == "unknown_action_type"


def test_every_part_of_an_expectation_is_optional() -> None:
    assert Expectation.model_validate({}) == Expectation()
    whole: dict[str, Any] = {
        "status": "partial",
        "states": {"a": "completed", "b": "blocked"},
        "results": {"a": {"x": 1}},
        "configs": {"a": {}},
        "before": [["a", "b"]],
    }
    assert Expectation.model_validate(whole).before == (("a", "b"),)
    wrongs: list[JsonValue] = [{"status": "done"}, {"states": {"a": "ok"}}, {"before": [["a"]]}, {"order": []}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            Expectation.model_validate(wrong)
