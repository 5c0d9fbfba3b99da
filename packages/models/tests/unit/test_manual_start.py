"""A rule started by hand."""

from datetime import UTC, datetime

from ichor_models import EventId, ManualStart, RuleId


def test_what_is_said_of_the_event_stands_over_the_data() -> None:
    start = ManualStart(
        rule_id=RuleId("r"),
        event_id=EventId("e"),
        user_id="ada",
        timestamp=datetime(2026, 11, 23, 20, tzinfo=UTC),
        data={"user_id": "eve", "entity_name": "customers", "total": 5},
    )
    event = start.event(None)
    assert (event.event_type, event.entity_name, event.user_id) == ("manual", None, "ada")
    assert start.trigger_data(event) == {
        "event_id": "e",
        "event_type": "manual",
        "entity_name": "customers",
        "user_id": "ada",
        "timestamp": "2026-11-23T20:00:00Z",
        "total": 5,
    }
    assert start.event("orders").entity_name == "orders"
