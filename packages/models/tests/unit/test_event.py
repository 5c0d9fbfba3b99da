import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import LONGEST_ID, EntityEvent, EventType, InvalidEvent, parse_event
from pydantic import JsonValue

WHOLE: dict[str, JsonValue] = {
    "event_id": "01J",
    "event_type": "on_update",
    "entity_name": "orders",
    "entity_id": "o1",
    "user_id": "u1",
    "timestamp": "2026-11-23T20:00:00Z",
    "raw_data": {"total": 1500},
    "field_changes": {"status": {"old_value": "open", "new_value": "held"}},
}


def parse(document: JsonValue, message_id: str | None = None) -> EntityEvent:
    return parse_event(json.dumps(document).encode(), message_id=message_id)


def refused(body: bytes, message_id: str | None = None) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as told:
        parse_event(body, message_id=message_id)
    return told.value


def test_an_event_is_read() -> None:
    event = parse(WHOLE)
    assert (event.event_id, event.event_type, event.entity_name) == ("01J", EventType.ON_UPDATE, "orders")
    assert event.timestamp == datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert event.lineage is None


@pytest.mark.parametrize("kind", ["on_create", "on_update", "on_delete", "scheduled", "manual"])
def test_three_fields_are_enough(kind: str) -> None:
    event = parse({"event_id": "e", "event_type": kind, "entity_name": "orders"})
    assert event.trigger_data() == {"event_id": "e", "event_type": kind, "entity_name": "orders"}


def test_trigger_data_is_raw_data_with_the_other_fields_laid_over_it() -> None:
    raw: dict[str, JsonValue] = {"total": 1500, "entity_id": "of the row", "event_type": "wedding"}
    assert parse({**WHOLE, "raw_data": raw}).trigger_data() == {
        "total": 1500,
        "event_id": "01J",
        "event_type": "on_update",
        "entity_name": "orders",
        "entity_id": "o1",
        "user_id": "u1",
        "timestamp": "2026-11-23T20:00:00Z",
        "field_changes": {"status": {"old_value": "open", "new_value": "held"}},
    }


def test_a_field_that_the_event_leaves_open_hides_no_key_of_the_row() -> None:
    sent = {key: value for key, value in WHOLE.items() if key not in ("user_id", "timestamp")}
    data = parse({**sent, "raw_data": {"user_id": "of the row"}}).trigger_data()
    assert data["user_id"] == "of the row"
    assert "timestamp" not in data


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-23T20:00:00", datetime(2026, 11, 23, 20, tzinfo=UTC)),
        ("2026-11-23T20:00:00+02:00", datetime(2026, 11, 23, 20, tzinfo=timezone(timedelta(hours=2)))),
        (None, None),
    ],
)
def test_a_timestamp_is_utc_where_it_names_no_zone(written: str | None, moment: datetime | None) -> None:
    assert parse({**WHOLE, "timestamp": written}).timestamp == moment


def test_the_messages_id_is_taken_where_the_body_has_none() -> None:
    without = {key: value for key, value in WHOLE.items() if key != "event_id"}
    assert parse(without, "m1").event_id == "m1"
    assert parse({**without, "event_id": None}, "m1").event_id == "m1"
    assert parse(WHOLE, "m1").event_id == "01J"


def test_keys_that_nobody_knows_are_left_out() -> None:
    changes: JsonValue = {"status": {"old_value": "a", "new_value": "b", "by": "c"}}
    data = parse({**WHOLE, "version": 7, "field_changes": changes}).trigger_data()
    assert "version" not in data
    assert data["field_changes"] == {"status": {"old_value": "a", "new_value": "b"}}


def test_a_cascades_event_says_where_it_comes_from() -> None:
    lineage: JsonValue = {"root": "e0", "depth": 1, "visited": ["r1:o1"]}
    event = parse({**WHOLE, "lineage": lineage})
    assert event.lineage is not None
    assert (event.lineage.root, event.lineage.depth, event.lineage.visited) == ("e0", 1, ("r1:o1",))


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1e400}', b'{"a": "\\u0000"}', b"\xff\xfe\xfa"]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert refused(body).code == "not_json"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null", b"true"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert refused(body).code == "not_an_object"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"event_id": None}, "event_id"),
        ({"event_id": ""}, "event_id must have at least 1 character"),
        ({"event_id": "x" * (LONGEST_ID + 1)}, "event_id must have at most 200 characters"),
        ({"event_type": "wedding"}, "event_type must be"),
        ({"event_type": None}, "event_type"),
        ({"entity_name": ""}, "entity_name must have at least 1 character"),
        ({"entity_name": "x" * 201}, "entity_name must have at most 200 characters"),
        ({"entity_name": 5}, "entity_name must be text"),
        ({"entity_id": ["o1"]}, "entity_id must be text"),
        ({"timestamp": "yesterday"}, "timestamp must be a date"),
        ({"raw_data": [1]}, "raw_data must be an object"),
        ({"field_changes": {"status": "held"}}, "field_changes.status must be an object"),
        ({"lineage": {"root": "e0"}}, "lineage.depth is missing"),
        ({"lineage": {"root": "e0", "depth": -1}}, "lineage.depth must be 0 or more"),
        ({"lineage": {"root": "x" * 201, "depth": 1}}, "lineage.root must have at most 200 characters"),
        (
            {"lineage": {"root": "e0", "depth": 1, "visited": ["r:1"] * 33}},
            "lineage.visited must have at most 32 items",
        ),
        ({"lineage": {"root": "e0", "depth": 1, "visited": ["r" * 251]}}, "lineage.visited.0 must have at most 250"),
    ],
)
def test_an_event_with_a_mistake_is_refused_and_names_it(change: dict[str, JsonValue], said: str) -> None:
    error = refused(json.dumps({**WHOLE, **change}).encode())
    assert error.code == "invalid_event"
    assert said in str(error)


def test_every_mistake_is_told_at_once_but_no_value() -> None:
    error = refused(b'{"event_type": "my secret", "entity_name": 5}')
    assert all(name in str(error) for name in ("event_id", "event_type", "entity_name"))
    assert "my secret" not in str(error)


def test_ids_may_have_two_hundred_characters() -> None:
    longest = "x" * LONGEST_ID
    event = parse({**WHOLE, **dict.fromkeys(["event_id", "entity_id", "user_id", "entity_name"], longest)})
    assert event.event_id == longest


values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(WHOLE, values)) | values, st.none() | st.text(max_size=3))
def test_any_json_is_an_event_or_refused(document: JsonValue, message_id: str | None) -> None:
    for body in (document, {**WHOLE, **document} if isinstance(document, dict) else document):
        with suppress(InvalidEvent):
            parse(body, message_id).trigger_data()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=20) | st.text('{}[]":,0eE+-nulltrue ', max_size=20).map(str.encode))
def test_any_body_is_an_event_or_refused(body: bytes) -> None:
    assert refused(body).code in ("not_json", "not_an_object", "invalid_event")
