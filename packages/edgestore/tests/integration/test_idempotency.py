"""Requests that are remembered by a key."""

import json
from datetime import timedelta

import pytest
from ichor_edgestore import EdgeStore, KeptResponse, KeyReused
from pydantic import JsonValue

FIRST, SECOND = KeptResponse(202, {"run": "1"}), KeptResponse(202, {"run": "2"})


async def test_a_response_is_kept_for_its_request(edge_store: EdgeStore) -> None:
    keys = edge_store.idempotency
    assert await keys.claim("ada", "k", "hash") is None
    assert await keys.claim("ada", "k", "hash") is None
    await keys.keep("ada", "k", FIRST)
    await keys.keep("ada", "k", SECOND)
    assert await keys.claim("ada", "k", "hash") == FIRST
    assert await keys.claim("eve", "k", "another") is None


async def test_a_response_keeps_the_order_of_its_keys(edge_store: EdgeStore) -> None:
    body: dict[str, JsonValue] = {"workflow": 1, "id": {"b": 1, "a": 2}, "run": 3}
    await edge_store.idempotency.claim("ada", "k", "hash")
    await edge_store.idempotency.keep("ada", "k", KeptResponse(202, body))
    kept = await edge_store.idempotency.claim("ada", "k", "hash")
    assert kept
    assert json.dumps(kept.body) == json.dumps(body)


async def test_a_key_stands_for_one_request(edge_store: EdgeStore) -> None:
    await edge_store.idempotency.claim("ada", "k", "hash")
    with pytest.raises(KeyReused, match="The key k stands for another request"):
        await edge_store.idempotency.claim("ada", "k", "another")


async def test_old_keys_are_forgotten(edge_store: EdgeStore) -> None:
    keys = edge_store.idempotency
    await keys.claim("ada", "k", "hash")
    assert await keys.prune(timedelta(hours=1)) == 0
    assert await keys.prune(timedelta(0)) == 1
    assert await keys.claim("ada", "k", "another") is None
