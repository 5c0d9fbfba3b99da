"""Events posted to the API."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx

EVENT = {"event_type": "on_create", "entity_name": "orders", "entity_id": "o1", "raw_data": {"total": 1500}}


async def payloads(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    return [row["payload"] for row in await pool.fetch("SELECT payload FROM workflow.outbox ORDER BY seq")]


async def test_an_event_is_written_into_the_outbox(ada: httpx.AsyncClient, pool: asyncpg.Pool):
    response = await ada.post("/v1/events", json=EVENT | {"event_id": "e1", "timestamp": "2026-11-23T20:00:00Z"})
    assert (response.status_code, response.json()) == (202, {"event_id": "e1"})
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert await payloads(pool) == [EVENT | {"event_id": "e1", "user_id": "ada", "timestamp": "2026-11-23T20:00:00Z"}]


async def test_an_event_without_id_and_time_gets_them(ada: httpx.AsyncClient, pool: asyncpg.Pool):
    ids = [(await ada.post("/v1/events", json=EVENT)).json()["event_id"] for _ in range(2)]
    written = await payloads(pool)
    assert [event["event_id"] for event in written] == ids
    assert len(set(ids)) == 2
    assert all(event["timestamp"] for event in written)


async def test_nobody_speaks_for_another_without_the_operator_scope(
    ada: httpx.AsyncClient, otto: httpx.AsyncClient, pool: asyncpg.Pool
):
    refused = await ada.post("/v1/events", json=EVENT | {"user_id": "otto"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")
    assert "operator" in refused.json()["error"]["message"]
    assert await payloads(pool) == []
    assert (await ada.post("/v1/events", json=EVENT | {"user_id": "ada"})).status_code == 202
    assert (await otto.post("/v1/events", json=EVENT | {"user_id": "ada"})).status_code == 202
    assert [event["user_id"] for event in await payloads(pool)] == ["ada", "ada"]


async def test_the_same_key_writes_one_event(ada: httpx.AsyncClient, pool: asyncpg.Pool):
    first, *others = [await ada.post("/v1/events", json=EVENT, headers={"idempotency-key": "k1"}) for _ in range(3)]
    assert first.status_code == 202
    assert "idempotency-replayed" not in first.headers
    for other in others:
        assert (other.status_code, other.json()) == (202, first.json())
        assert other.headers["idempotency-replayed"] == "true"
    assert len(await payloads(pool)) == 1


async def test_nobody_comes_before_the_event_of_another_caller_s_key(ada: httpx.AsyncClient, otto: httpx.AsyncClient):
    mine = (await ada.post("/v1/events", json=EVENT, headers={"idempotency-key": "k1"})).json()["event_id"]
    theirs = await otto.post("/v1/events", json=EVENT | {"event_id": mine, "entity_id": "another"})
    assert (theirs.status_code, theirs.json()["error"]["code"]) == (422, "invalid_request")


async def test_the_same_key_at_once_writes_one_event(ada: httpx.AsyncClient, pool: asyncpg.Pool):
    headers = {"idempotency-key": "k1"}
    responses = await asyncio.gather(*(ada.post("/v1/events", json=EVENT, headers=headers) for _ in range(8)))
    assert {response.status_code for response in responses} == {202}
    assert len({response.json()["event_id"] for response in responses}) == 1
    assert len(await payloads(pool)) == 1


async def test_a_key_stands_for_one_request_of_one_caller(
    ada: httpx.AsyncClient, otto: httpx.AsyncClient, pool: asyncpg.Pool
):
    headers = {"idempotency-key": "k1"}
    assert (await ada.post("/v1/events", json=EVENT, headers=headers)).status_code == 202
    other = await ada.post("/v1/events", json=EVENT | {"entity_id": "o2"}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert (await otto.post("/v1/events", json=EVENT, headers=headers)).status_code == 202
    assert len(await payloads(pool)) == 2


async def test_several_keys_are_refused(ada: httpx.AsyncClient, pool: asyncpg.Pool):
    for keys in (("k1", "k2"), ("k1", "k1")):
        response = await ada.post("/v1/events", json=EVENT, headers=[("idempotency-key", key) for key in keys])
        assert (response.status_code, response.json()["error"]["code"]) == (400, "ambiguous_key")
    assert await payloads(pool) == []


async def test_a_key_stands_for_a_request_as_soon_as_that_could_be_used(ada: httpx.AsyncClient):
    headers = {"idempotency-key": "k1"}
    for changes, status, code in (
        ({"colour": "red"}, 422, "invalid_request"),
        ({"user_id": "otto"}, 403, "missing_scope"),
        ({"entity_id": "ü" * 200}, 422, "unstorable"),
        ({}, 422, "idempotency_key_reused"),
    ):
        response = await ada.post("/v1/events", json=EVENT | changes, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_a_request_that_was_broken_off_is_done_again(ada: httpx.AsyncClient, pool: asyncpg.Pool):
    first = await ada.post("/v1/events", json=EVENT, headers={"idempotency-key": "k1"})
    await pool.execute("UPDATE workflow.idempotency_keys SET status = NULL, response = NULL")
    again = await ada.post("/v1/events", json=EVENT, headers={"idempotency-key": "k1"})
    assert (again.status_code, again.json()) == (202, first.json())
    assert "idempotency-replayed" not in again.headers
    assert len(await payloads(pool)) == 1


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"event_type": "on_fire"}, "body.event_type must be"),
    ({"entity_name": ""}, "body.entity_name must have at least 1 character"),
    ({"entity_name": None}, "body.entity_name"),
    ({"entity_id": ""}, "body.entity_id must have"),
    ({"event_id": "e" * 201}, "body.event_id must have at most 200"),
    ({"event_id": "idempotency-key-1"}, "body.event_id cannot be used: it begins with idempotency-key-"),
    ({"raw_data": [1]}, "body.raw_data must be an object"),
    ({"raw_data": {"ichor.stored": {}}}, "body.raw_data cannot be used: it may not have the key ichor.stored"),
    ({"field_changes": {"status": "held"}}, "body.field_changes.status must be an object"),
    ({"field_changes": {"status": {"old": 1}}}, "body.field_changes.status.old is no key that belongs here"),
    ({"lineage": {"root": "r", "depth": 0}}, "body.lineage is no key that belongs here"),
    ({"colour": "red"}, "body.colour is no key that belongs here"),
]


async def test_an_event_that_cannot_be_used_is_explained(ada: httpx.AsyncClient):
    for changes, told in UNUSABLE:
        response = await ada.post("/v1/events", json=EVENT | changes)
        assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_request"), changes
        assert told in response.json()["error"]["message"]
        assert response.json()["error"]["mend"]


NO_JSON = [
    (b'{"a": 1', "no JSON"),
    (b"\xff\xfe", "no JSON"),
    (b'{"event_type": "on_create\\u0000"}', "U+0000"),
    (b'{"event_type": "\\ud800"}', "U+D800"),
    (b'{"total": NaN}', "NaN"),
    (b'{"total": 1e999}', "too large"),
    (b"[" * 100_00, "nested"),
    (b"1" * 10_000, "no JSON"),
]


async def test_what_is_no_usable_json_is_explained(ada: httpx.AsyncClient):
    for body, told in NO_JSON:
        response = await ada.post("/v1/events", content=body, headers={"content-type": "application/json"})
        assert (response.status_code, response.json()["error"]["code"]) == (400, "not_json"), body
        assert told in response.json()["error"]["message"]


async def test_what_the_outbox_refuses_is_explained(ada: httpx.AsyncClient):
    response = await ada.post("/v1/events", json=EVENT | {"entity_id": "ü" * 200})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "unstorable")
    assert "entity_id" in response.json()["error"]["message"]


async def test_an_event_that_would_be_too_large_to_publish_is_not_written(ada: httpx.AsyncClient, pool: asyncpg.Pool):
    large = EVENT | {"raw_data": {"x": "y" * 19_800}}
    assert len(json.dumps(large)) < 20_000
    response = await ada.post("/v1/events", json=large)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
    assert await payloads(pool) == []


async def test_only_an_operator_tells_of_approvals(ada: httpx.AsyncClient, otto: httpx.AsyncClient):
    for name in ("approval_requests", "workflow.approval_requests"):
        forged = EVENT | {"entity_name": name}
        refused = await ada.post("/v1/events", json=forged)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")
        assert (await otto.post("/v1/events", json=forged)).status_code == 202
