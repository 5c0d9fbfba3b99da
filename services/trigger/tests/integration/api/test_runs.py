"""Runs, as the API shows them."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from ichor_edgestore import EdgeStore
from ichor_models import ActionCall, EntityEvent, ExecutionId, RuleId, RunRecord, RunStatus, ValueLimit
from pydantic import JsonValue

type SaveRule = Callable[[object], Awaitable[RuleId]]

RULE = {
    "name": "Wait",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}


@pytest.fixture
def pin(pool: asyncpg.Pool, save_rule: SaveRule) -> Callable[..., Awaitable[ExecutionId]]:
    """Makes the run of an event."""

    async def pinned(event_id: str, rule: dict[str, Any] = RULE) -> ExecutionId:
        event = EntityEvent.model_validate({"event_id": event_id, "event_type": "on_create", "entity_name": "orders"})
        return (await EdgeStore(pool).pin_run(await save_rule(rule), event)).execution_id

    return pinned


type Pin = Callable[..., Awaitable[ExecutionId]]


async def ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    response = await client.get("/v1/runs", params=query)
    assert response.status_code == 200
    return [item["execution_id"] for item in response.json()["runs"]]


async def test_runs_are_listed_and_filtered(ada: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool, save_rule: SaveRule):
    first, second = await pin("e1"), await pin("e2")
    third = await pin("e3", RULE | {"name": "Another"})
    failed = RunRecord(status=RunStatus.FAILED, error="no", error_type="t", actions=(), order=())
    await EdgeStore(pool).run_ended(second, failed)
    assert await ids(ada) == [third, second, first]
    assert await ids(ada, rule=await save_rule(RULE)) == [second, first]
    assert await ids(ada, entity="orders", status="failed") == [second]
    assert await ids(ada, status=["failed", "pending"]) == [third, second, first]
    assert await ids(ada, entity="customers") == []
    assert await ids(ada, since=(datetime.now(UTC) + timedelta(hours=1)).isoformat()) == []
    assert await ids(ada, since="2020-01-01T00:00:00+02:00") == [third, second, first]


async def test_pages_hold_every_run_once_though_new_ones_come(ada: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool):
    made = [await pin(f"e{number}") for number in range(5)]
    await pool.execute("UPDATE workflow.automation_executions SET executed_at = '2026-11-23' WHERE event_id <> 'e0'")
    seen: list[str] = []
    cursor: str | None = None
    for expected in (2, 2, 1):
        page = (await ada.get("/v1/runs", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        assert len(page["runs"]) == expected
        seen += [item["execution_id"] for item in page["runs"]]
        cursor = page["next"]
        await pin(f"new {len(seen)}")
    assert cursor is None
    assert seen[0] == made[0]
    assert sorted(seen) == sorted(made)


async def test_a_run_is_found_by_its_id_and_its_workflows(ada: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool):
    run = await EdgeStore(pool).get_run(await pin("orders/17?"))
    for wanted in (run.execution_id, run.workflow_id.replace("?", "%3F")):
        response = await ada.get(f"/v1/runs/{wanted}")
        assert (response.status_code, response.json()) == (200, run.model_dump(mode="json"))
        assert (await ada.get(f"/v1/runs/{wanted}/graph")).json()["run"]["execution_id"] == run.execution_id


async def test_a_run_that_has_not_started_is_drawn_open(ada: httpx.AsyncClient, pin: Pin):
    graph = (await ada.get(f"/v1/runs/{await pin('e1')}/graph")).json()
    assert [(node["name"], node["state"]) for node in graph["nodes"]] == [("wait", "open")]
    assert [(edge["target"], edge["resolution"]) for edge in graph["edges"]] == [("wait", None)]


async def test_a_run_under_way_tells_what_the_interpreter_did(ada: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool):
    check = {"conditions": [{"field_name": "event_type", "operator": "equals", "value": "on_create"}]}
    rule = RULE | {
        "name": "Decide",
        "actions": [
            {"name": "is_new", "type": "evaluate_condition", "config": check},
            {"name": "wait", "type": "delay", "config": {"duration": "1h"}},
            {"name": "old", "type": "delay", "config": {"duration": "1h"}},
        ],
        "edges": [
            {"source": None, "target": "is_new", "type": "start"},
            {"source": "is_new", "target": "wait", "type": "true_branch"},
            {"source": "is_new", "target": "old", "type": "false_branch"},
        ],
    }
    run = await pin("e1", rule)
    await EdgeStore(pool).run_started(run)
    states = {"is_new": "completed", "wait": "running", "old": "skipped"}
    graph = (await ada.get(f"/v1/runs/{run}/graph")).json()
    assert {node["name"]: node["state"] for node in graph["nodes"]} == states
    assert {edge["target"]: edge["resolution"] for edge in graph["edges"]} == {
        "is_new": "taken",
        "wait": "taken",
        "old": "skipped",
    }
    assert {item["name"]: item["state"] for item in (await ada.get(f"/v1/runs/{run}")).json()["actions"]} == states


async def test_a_large_result_is_given_whole(ada: httpx.AsyncClient, pin: Pin, pool: asyncpg.Pool):
    store = EdgeStore(pool)
    run = (await store.pinned_run(await pin("e/1"))).request.run
    call = ActionCall(run=run, key="k", name="ask/all", type="request_reply", config={})
    whole: dict[str, JsonValue] = {"output": "success", "text": "é" * 1_000_000}
    await store.journal.completed(call, *ValueLimit().fit(whole))
    workflow = (await store.get_run(run.execution_id)).workflow_id
    for wanted in (run.execution_id, workflow):
        response = await ada.get(f"/v1/runs/{wanted}/result", params={"action": "ask/all"})
        assert (response.status_code, response.json()) == (200, whole)
    (shown,) = (await ada.get(f"/v1/runs/{workflow}")).json()["actions"]
    assert len(str(shown["result"])) < 500
    await store.values.forget(run.execution_id)
    for action, code in (("nobody", "result_not_found"), ("ask/all", "value_gone")):
        response = await ada.get(f"/v1/runs/{workflow}/result", params={"action": action})
        assert (response.status_code, response.json()["error"]["code"]) == (404, code)


async def test_an_unknown_run_is_not_found(ada: httpx.AsyncClient):
    for unknown in ("11111111-2222-4333-8444-555555555555", "a", "a/graph", ""):
        response = await ada.get(f"/v1/runs/{unknown}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "run_not_found")


WRONG_QUERIES: list[tuple[dict[str, Any], str]] = [
    ({"rule": "a"}, "invalid_request"),
    ({"status": "done"}, "invalid_request"),
    ({"since": "yesterday"}, "invalid_request"),
    ({"since": "2026-11-23T20:00:00"}, "invalid_request"),
    ({"since": "0001-01-01T00:00:00+14:00"}, "unstorable"),
    ({"entity": "\x00"}, "unstorable"),
    ({"cursor": "e30"}, "invalid_cursor"),
    ({"cursor": b64encode(b'{"created": "2026-11-23T20:00Z", "execution_id": "no id"}').decode()}, "invalid_cursor"),
]


async def test_a_wrong_query_is_explained(ada: httpx.AsyncClient):
    for query, code in WRONG_QUERIES:
        response = await ada.get("/v1/runs", params=query)
        assert (response.status_code, response.json()["error"]["code"]) == (422, code), query
