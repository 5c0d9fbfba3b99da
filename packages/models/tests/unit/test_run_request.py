import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from ichor_models import EntityEvent, ExecutionId, Rule, RuleId, RunRequest, always_there, event_header, run_request
from ichor_models.path import Path, look_up

NOW = datetime(2026, 11, 23, 20, 0, 0, 123456, tzinfo=UTC)
RULE = Rule.model_validate(
    {
        "name": "Order approval",
        "trigger": {"entity": "orders", "event": "on_update"},
        "options": {"deadline": "1h"},
        "actions": [{"name": "a", "type": "mail"}],
        "edges": [{"target": "a", "type": "start"}],
    }
)


def event(**fields: Any) -> EntityEvent:
    whole = {
        "event_id": "e1",
        "event_type": "on_update",
        "entity_name": "orders",
        "entity_id": "o1",
        "user_id": "u1",
        "timestamp": "2026-11-23T19:00:00Z",
        "raw_data": {"total": 5, "user_id": "of the row"},
    }
    return EntityEvent.model_validate(whole | fields)


def request(**fields: Any) -> RunRequest:
    return run_request(RULE, RuleId("r1"), ExecutionId("x1"), event(**fields))


def test_a_run_is_told_its_rule_its_graph_and_its_event() -> None:
    made = request()
    assert (made.run.rule_id, made.run.rule_name, made.run.execution_id) == ("r1", "Order approval", "x1")
    assert (made.graph, made.options) == (RULE.graph, RULE.options)
    assert made.trigger_data == event().trigger_data()
    assert (made.case, made.clock, made.events_per_run) == (False, None, None)
    assert RunRequest.model_validate_json(made.model_dump_json()) == made


def test_an_events_header_is_the_event_without_its_data() -> None:
    header = event_header(event(lineage={"root": "e0", "depth": 1}))
    assert header.model_dump(mode="json") == {
        "event_id": "e1",
        "event_type": "on_update",
        "entity_name": "orders",
        "entity_id": "o1",
        "user_id": "u1",
        "timestamp": "2026-11-23T19:00:00Z",
        "lineage": {"root": "e0", "depth": 1, "visited": []},
    }


def test_these_values_are_always_there() -> None:
    assert always_there(request().run, NOW) == {
        "$now": "2026-11-23T20:00:00Z",
        "$me": "u1",
        "rule_id": "r1",
        "rule_name": "Order approval",
        "execution_id": "x1",
        "entity_id": "o1",
        "entity_name": "orders",
        "event_type": "on_update",
        "user_id": "u1",
        "timestamp": "2026-11-23T19:00:00Z",
    }


def test_now_is_in_utc() -> None:
    there = always_there(request().run, datetime(2026, 11, 23, 22, tzinfo=timezone(timedelta(hours=2))))
    assert there["$now"] == "2026-11-23T20:00:00Z"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("user_id", "u1"),
        ("trigger.user_id", "u1"),
        ("$me", "u1"),
        ("total", 5),
        ("entity_id", "o1"),
        ("$now", "2026-11-23T20:00:00Z"),
    ],
)
def test_what_a_template_reads(path: str, value: object) -> None:
    made = request()
    assert look_up(made.trigger_data, always_there(made.run, NOW), Path.of(path)) == value


def test_what_the_event_leaves_open_is_null_or_of_the_row() -> None:
    made = request(user_id=None, entity_id=None, timestamp=None)
    there = always_there(made.run, NOW)
    found = {
        key: look_up(made.trigger_data, there, Path.of(key)) for key in ("$me", "user_id", "entity_id", "timestamp")
    }
    assert found == {"$me": None, "user_id": "of the row", "entity_id": None, "timestamp": None}


def test_a_request_is_written_without_what_is_usual_and_read_back_whole() -> None:
    written = json.loads(request().model_dump_json())
    assert written["graph"] == {
        "actions": [{"name": "a", "type": "mail"}],
        "edges": [{"target": "a", "type": "start"}],
    }
    assert RunRequest.model_validate(written) == request()
