"""Rules, as the API shows them."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
from ichor_edgestore import EdgeStore
from ichor_models import Rule, RuleId, rule_document

type SaveRule = Callable[[object], Awaitable[RuleId]]


def rule(name: str, entity: str = "orders", event: str = "on_create") -> dict[str, Any]:
    return {
        "name": name,
        "trigger": {"entity": entity, "event": event},
        "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
        "edges": [{"source": None, "target": "wait", "type": "start"}],
    }


async def names(client: httpx.AsyncClient, **query: str | int) -> list[str]:
    response = await client.get("/v1/rules", params=query)
    assert response.status_code == 200
    return [item["name"] for item in response.json()["rules"]]


async def test_rules_are_listed_and_filtered(ada: httpx.AsyncClient, save_rule: SaveRule, pool: asyncpg.Pool):
    assert await names(ada) == []
    for saved in (rule("a"), rule("b", event="on_update"), rule("c", entity="customers")):
        rule_id = await save_rule(saved)
    await EdgeStore(pool).deactivate_rule(rule_id)
    assert await names(ada) == ["a", "b", "c"]
    assert await names(ada, entity="sales.orders") == ["a", "b"]
    assert await names(ada, event="on_create") == ["a", "c"]
    assert await names(ada, active="false") == ["c"]
    assert await names(ada, active="true", event="on_create") == ["a"]


async def test_pages_hold_every_rule_once(ada: httpx.AsyncClient, save_rule: SaveRule):
    ids = [await save_rule(rule(name)) for name in ("a", "b", "c", "d", "e")]
    seen: list[str] = []
    cursor: str | None = None
    for expected in (2, 2, 1):
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await ada.get("/v1/rules", params=query)).json()
        assert len(page["rules"]) == expected
        seen += [item["rule_id"] for item in page["rules"]]
        cursor = page["next"]
    assert cursor is None
    assert seen == ids


async def test_a_rule_is_shown_as_a_workflow_file(ada: httpx.AsyncClient, save_rule: SaveRule, pool: asyncpg.Pool):
    rule_id = await save_rule(rule("a"))
    response = await ada.get(f"/v1/rules/{rule_id}")
    assert response.status_code == 200
    assert response.json() == rule_document(await EdgeStore(pool).load_rule(rule_id))
    assert Rule.model_validate(response.json()).name == "a"


async def test_a_rule_that_cannot_be_read_says_why(ada: httpx.AsyncClient, save_rule: SaveRule, pool: asyncpg.Pool):
    rule_id = await save_rule(rule("a"))
    await pool.execute("UPDATE workflow.automation_rules SET options = '{\"max_in_flight\": 0}' WHERE id = $1", rule_id)
    response = await ada.get(f"/v1/rules/{rule_id}")
    assert (response.status_code, response.json()["error"]["code"]) == (422, "unreadable_rule")
    assert "max_in_flight" in response.json()["error"]["message"]
    assert await names(ada) == ["a"]


async def test_an_unknown_rule_is_not_found(ada: httpx.AsyncClient):
    for unknown in ("11111111-2222-4333-8444-555555555555", "a", "%00", "%F0%9F"):
        response = await ada.get(f"/v1/rules/{unknown}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "rule_not_found")


WRONG_QUERIES: list[tuple[dict[str, Any], str]] = [
    ({"limit": 0}, "invalid_request"),
    ({"limit": 201}, "invalid_request"),
    ({"limit": "9" * 30}, "invalid_request"),
    ({"event": "on_fire"}, "invalid_request"),
    ({"active": "perhaps"}, "invalid_request"),
    ({"cursor": "?"}, "invalid_cursor"),
    ({"cursor": "e30"}, "invalid_cursor"),
    ({"cursor": b64encode(b'{"name": "a", "rule_id": "no id"}').decode()}, "invalid_cursor"),
    ({"entity": "\x00"}, "unstorable"),
]


async def test_a_wrong_query_is_explained(ada: httpx.AsyncClient):
    for query, code in WRONG_QUERIES:
        response = await ada.get("/v1/rules", params=query)
        assert (response.status_code, response.json()["error"]["code"]) == (422, code), query
