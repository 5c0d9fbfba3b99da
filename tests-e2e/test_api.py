"""An application that speaks HTTP alone: it posts an event, starts a rule, and watches both runs to their end."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule
from ichor_service import token_hash
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import start_program

TOKENS = [
    {"sha256": token_hash("first"), "sub": "ada", "scopes": ["read", "events", "start"]},
    {"sha256": token_hash("second"), "sub": "ada", "scopes": ["read"]},
]


def rule(name: str, trigger: dict[str, Any]) -> dict[str, Any]:
    """Return a rule that logs one of two things."""
    conditions = [{"field_name": "total", "operator": "greater_than", "value": 1000}]
    return {
        "name": name,
        "trigger": trigger,
        "actions": [
            {"name": "is_large", "type": "evaluate_condition", "config": {"conditions": conditions}},
            {"name": "hold", "type": "log_audit_entry", "config": {"message": "held for {{ $me }}"}},
            {"name": "pass", "type": "log_audit_entry", "config": {"message": "passed for {{ $me }}"}},
        ],
        "edges": [
            {"source": None, "target": "is_large", "type": "start"},
            {"source": "is_large", "target": "hold", "type": "true_branch"},
            {"source": "is_large", "target": "pass", "type": "false_branch"},
        ],
    }


def write_tokens(path: Path, tokens: list[dict[str, Any]]) -> None:
    """Put another file in its place."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"tokens": tokens}))
    new.rename(path)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.json"
    write_tokens(path, TOKENS[:1])
    return path


@pytest.fixture
def environment(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_task_queue: str,
    token_file: Path,
) -> dict[str, str]:
    return {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
        "ICHOR_API_TOKENS": str(token_file),
    }


@pytest.fixture
async def pool(postgres_database: Database) -> AsyncGenerator[asyncpg.Pool]:
    async with connected(postgres_database.url) as opened:
        await migrate(opened)
        yield opened


async def ended(http: httpx.AsyncClient, rule_id: str) -> dict[str, Any]:
    """Return the graph of the one run of a rule, once that has ended."""
    runs: list[dict[str, Any]] = []

    async def has_ended() -> bool:
        runs[:] = (await http.get("/v1/runs", params={"rule": rule_id})).json()["runs"]
        return bool(runs) and runs[0]["ended"] is not None

    await until(has_ended, f"the end of a run of {rule_id}", seconds=60)
    assert len(runs) == 1
    return (await http.get(f"/v1/runs/{runs[0]['execution_id']}/graph")).json()


async def test_an_application_needs_nothing_but_http(
    environment: dict[str, str], pool: asyncpg.Pool, token_file: Path
) -> None:
    store, types = EdgeStore(pool), discover().catalogue
    rules = [rule("Of orders", {"entity": "orders", "event": "on_create"}), rule("By hand", {"event": "manual"})]
    orders, by_hand = [(await store.save_rule(Rule.model_validate(item), catalogue=types)).rule_id for item in rules]
    async with (
        start_program("ichor_trigger", environment) as trigger,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{trigger.port}", timeout=30) as http,
    ):
        await trigger.ready()
        assert (await http.get("/v1/rules")).status_code == 401
        http.headers["authorization"] = "Bearer first"
        assert [item["rule_id"] for item in (await http.get("/v1/rules")).json()["rules"]] == [by_hand, orders]

        async with start_program("ichor_worker", environment) as worker:
            await worker.ready()
            await run_both(http, orders, by_hand)
        logged = await pool.fetch("SELECT message FROM workflow.audit_log ORDER BY message")
        assert [row["message"] for row in logged] == ["held for ada", "passed for ada"]

        await rotate(http, token_file)
        assert await trigger.stop() == 0
        assert "first" not in trigger.log.read_text()


async def run_both(http: httpx.AsyncClient, orders: str, by_hand: str) -> None:
    """Start a rule by an event that is posted twice, and another by hand."""
    event = {"event_type": "on_create", "entity_name": "orders", "entity_id": "17", "raw_data": {"total": 1500}}
    for _ in range(2):
        posted = await http.post("/v1/events", json=event, headers={"idempotency-key": "order-17"})
        assert posted.status_code == 202
    started = await http.post(f"/v1/rules/{by_hand}/runs", json={"data": {"total": 5}})
    assert started.status_code == 202
    of_orders, manual = await ended(http, orders), await ended(http, by_hand)
    assert (manual["run"]["execution_id"], manual["run"]["source"]) == (started.json()["run"], "manual")
    assert states(of_orders) == {"is_large": "completed", "hold": "completed", "pass": "skipped"}
    assert [edge["resolution"] for edge in of_orders["edges"]] == ["taken", "taken", "skipped"]
    assert states(manual) == {"is_large": "completed", "hold": "skipped", "pass": "completed"}


def states(graph: dict[str, Any]) -> dict[str, str]:
    """Return the state of each node."""
    return {node["name"]: node["state"] for node in graph["nodes"]}


async def rotate(http: httpx.AsyncClient, token_file: Path) -> None:
    """Add a token, use it, and take the old one away."""
    write_tokens(token_file, TOKENS)

    async def is_known() -> bool:
        return (await http.get("/v1/rules", headers={"authorization": "Bearer second"})).status_code == 200

    async def is_forgotten() -> bool:
        return (await http.get("/v1/rules")).status_code == 401

    await until(is_known, "the new token is known")
    assert not await is_forgotten()
    write_tokens(token_file, TOKENS[1:])
    await until(is_forgotten, "the old token is forgotten")
    assert await is_known()
