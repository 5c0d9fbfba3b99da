"""Rules started by hand over the API."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg
import httpx
import pytest
from ichor_edgestore import EdgeStore
from ichor_models import RuleId
from ichor_trigger.links import Links
from ichor_trigger.reaper import Reaper
from temporalio.client import Client, WorkflowExecutionStatus

type ClientOf = Callable[..., httpx.AsyncClient]
type SaveRule = Callable[[object], Awaitable[RuleId]]

GRAPH = {
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}
MANUAL = {"name": "By hand", "trigger": {"event": "manual"}, **GRAPH}
ORDERS = {
    "name": "Big orders",
    "trigger": {
        "entity": "orders",
        "event": "on_create",
        "conditions": [{"field_name": "total", "operator": "greater_than", "value": 1000}],
    },
    **GRAPH,
}
UNKNOWN = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def starter(client_of: ClientOf, temporal_links: Links, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """A client that may start rules, of an API that reaches Temporal and waits for it."""
    monkeypatch.setattr("ichor_trigger.api.starts._PATIENCE_SECONDS", 60)
    return client_of("ada", links=temporal_links)


async def test_a_rule_without_entity_is_started(
    starter: httpx.AsyncClient, save_rule: SaveRule, pool: asyncpg.Pool, temporal_client: Client
):
    rule_id = await save_rule(MANUAL)
    response = await starter.post(f"/v1/rules/{rule_id}/runs", json={"entity_id": "o1", "data": {"total": 5}})
    assert response.status_code == 202
    started = response.json()
    assert started["workflow_id"].startswith(f"rule-{rule_id}-")
    run = await EdgeStore(pool).get_run(started["run"])
    assert (run.source, run.status, run.entity_name) == ("manual", "pending", "")
    event = run.trigger_data.pop("event_id"), run.trigger_data.pop("timestamp")
    assert all(event)
    assert run.trigger_data == {"total": 5, "event_type": "manual", "entity_id": "o1", "user_id": "ada"}
    description = await temporal_client.get_workflow_handle(run.workflow_id).describe()
    assert description.status is WorkflowExecutionStatus.RUNNING


async def test_conditions_are_not_asked_and_no_body_is_needed(
    starter: httpx.AsyncClient, save_rule: SaveRule, pool: asyncpg.Pool
):
    rule_id = await save_rule(ORDERS)
    response = await starter.post(f"/v1/rules/{rule_id}/runs")
    assert response.status_code == 202
    assert (await EdgeStore(pool).get_run(response.json()["run"])).entity_name == "orders"


async def test_the_same_key_starts_one_run(starter: httpx.AsyncClient, save_rule: SaveRule, pool: asyncpg.Pool):
    path, headers = f"/v1/rules/{await save_rule(MANUAL)}/runs", {"idempotency-key": "k1"}
    first, again = [await starter.post(path, json={}, headers=headers) for _ in range(2)]
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    await pool.execute("UPDATE workflow.idempotency_keys SET status = NULL, response = NULL")
    assert (await starter.post(path, json={}, headers=headers)).json() == first.json()
    await starter.post(path, json={})
    assert len(await EdgeStore(pool).list_runs()) == 2


async def test_a_key_stands_for_one_path(starter: httpx.AsyncClient, save_rule: SaveRule):
    path, headers = f"/v1/rules/{await save_rule(MANUAL)}{{}}/runs", {"idempotency-key": "k1"}
    assert (await starter.post(path.format(""), headers=headers)).status_code == 202
    other = await starter.post(path.format("%09"), headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")


async def test_what_cannot_be_started_says_why(starter: httpx.AsyncClient, save_rule: SaveRule, pool: asyncpg.Pool):
    rule_id = await save_rule(MANUAL)
    for unknown in (UNKNOWN, "By hand", "%00", "a" * 500):
        response = await starter.post(f"/v1/rules/{unknown}/runs", json={})
        assert (response.status_code, response.json()["error"]["code"]) == (404, "rule_not_found")
    await EdgeStore(pool).deactivate_rule(rule_id)
    response = await starter.post(f"/v1/rules/{rule_id}/runs", json={})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "rule_inactive")
    assert await EdgeStore(pool).list_runs() == []


async def test_a_rule_that_cannot_be_run_leaves_a_failed_run(
    starter: httpx.AsyncClient, save_rule: SaveRule, pool: asyncpg.Pool
):
    rule_id = await save_rule(MANUAL)
    await pool.execute("DELETE FROM workflow.action_edges WHERE rule_id = $1", rule_id)
    path, headers = f"/v1/rules/{rule_id}/runs", {"idempotency-key": "k1"}
    first, again = [await starter.post(path, json={}, headers=headers) for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (422, 422, first.json())
    error = first.json()["error"]
    assert error["code"] == "invalid_graph"
    assert "cannot be run" in error["message"]
    (run,) = await EdgeStore(pool).list_runs()
    assert run.status == "failed"
    assert run.execution_id in error["mend"]
    assert "a new key" in error["mend"]
    await save_rule(MANUAL)
    assert (await starter.post(path, json={}, headers=headers)).json() == first.json()
    assert (await starter.post(path, json={}, headers={"idempotency-key": "k2"})).status_code == 202


async def test_a_run_that_temporal_refuses_says_so(
    client_of: ClientOf, save_rule: SaveRule, temporal_links: Links, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ichor_trigger.api.starts._PATIENCE_SECONDS", 60)
    rule_id = await save_rule(MANUAL)
    settings = temporal_links.settings.model_copy(update={"task_queue": "x" * 1001})
    ada = client_of("ada", links=replace(temporal_links, settings=settings))
    response = await ada.post(f"/v1/rules/{rule_id}/runs", json={"data": {}})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "not_started")


async def test_a_run_is_accepted_while_temporal_is_away_and_started_later(
    ada: httpx.AsyncClient, temporal_links: Links, save_rule: SaveRule, pool: asyncpg.Pool, temporal_client: Client
):
    response = await ada.post(f"/v1/rules/{await save_rule(MANUAL)}/runs", json={})
    assert (response.status_code, response.json()["status"]) == (202, "pending")
    await pool.execute("UPDATE workflow.automation_executions SET executed_at = executed_at - interval '1 minute'")
    await Reaper(temporal_links).round()
    description = await temporal_client.get_workflow_handle(response.json()["workflow_id"]).describe()
    assert description.status is WorkflowExecutionStatus.RUNNING


async def test_a_start_that_cannot_be_used_is_explained(ada: httpx.AsyncClient):
    for body in (
        "[]",
        '"x"',
        '{"data": []}',
        '{"data": null}',
        '{"data": {"ichor.stored": {}}}',
        '{"entity_id": ""}',
        '{"user_id": "otto"}',
    ):
        headers = {"content-type": "application/json"}
        response = await ada.post(f"/v1/rules/{UNKNOWN}/runs", content=body, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_request")
