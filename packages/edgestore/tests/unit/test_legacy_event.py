"""Rows of an existing Ichor's outbox, read as events."""

import json
from base64 import b64encode
from typing import Any

import pytest
from ichor_edgestore.legacy_event import legacy_event

ORDER = "3f0c1c1e-7d1e-4b57-9a53-0d6a4f1b7f0a"
USER = "8a6f4f0e-2b1c-4a0e-9b8e-6f1d2c3b4a59"
NOBODY = "00000000-0000-0000-0000-000000000000"


def payload(**params: Any) -> Any:
    raw = b64encode(json.dumps(params).encode()).decode()
    return {"Domain": "orders", "Action": "updated", "RawParams": raw}


def read(payload: Any, lineage: Any = None) -> dict[str, Any]:
    return dict(legacy_event("e-1", "on_update", "orders", payload, lineage))


def test_an_update_has_its_changes():
    before = {"id": ORDER, "status": "open", "total": "10.50", "note": "gone", "lines": [1]}
    after = {"id": ORDER, "status": "held", "total": "10.50", "due": "2026-12-01", "lines": [1]}
    assert read(payload(entityID=ORDER, userID=USER, entity=after, beforeEntity=before)) == {
        "event_id": "e-1",
        "event_type": "on_update",
        "entity_name": "orders",
        "entity_id": ORDER,
        "user_id": USER,
        "raw_data": after,
        "field_changes": {
            "status": {"old_value": "open", "new_value": "held"},
            "note": {"old_value": "gone", "new_value": None},
            "due": {"old_value": None, "new_value": "2026-12-01"},
        },
        "lineage": None,
    }


def test_what_is_not_there_is_left_out():
    event = read(payload(entityID=NOBODY, userID=NOBODY, entity={"id": ORDER}))
    assert (event["entity_id"], event["user_id"], event["field_changes"]) == (ORDER, None, None)
    event = read(payload(entityID=ORDER, userID=USER))
    assert (event["entity_id"], event["raw_data"]) == (ORDER, {})


def test_a_cascade_keeps_its_way():
    way = {"visited": ["r:1", "s:2"], "originating_execution_id": ORDER}
    assert read(payload(), way)["lineage"] == {"root": ORDER, "depth": 2, "visited": ["r:1", "s:2"]}
    assert read(payload(), {"originating_execution_id": NOBODY})["lineage"] == {
        "root": "e-1",
        "depth": 0,
        "visited": [],
    }


def test_of_a_long_way_the_end_is_kept():
    way = {"visited": [f"r:{number}" for number in range(1000)]}
    lineage = read(payload(), way)["lineage"]
    assert (lineage["depth"], lineage["visited"]) == (1000, way["visited"][-32:])


@pytest.mark.parametrize(
    ("bad", "lineage", "why"),
    [
        ([], None, "payload has no text RawParams"),
        ({"RawParams": None}, None, "payload has no text RawParams"),
        ({"RawParams": "%%"}, None, "RawParams of payload is no base64 of JSON"),
        ({"RawParams": b64encode(b"{").decode()}, None, "RawParams of payload is no base64 of JSON"),
        ({"RawParams": b64encode(b"[1]").decode()}, None, "RawParams of payload is no JSON object"),
        (payload(entity=[1]), None, "entity of RawParams is no JSON object"),
        (payload(entity={}, beforeEntity="x"), None, "beforeEntity of RawParams is no JSON object"),
        (payload(), {"visited": "r:1"}, "lineage has no list visited"),
        (payload(), "r:1", "lineage has no list visited"),
    ],
)
def test_what_cannot_be_read_says_why(bad: Any, lineage: Any, why: str):
    with pytest.raises(ValueError, match=why):
        read(bad, lineage)
