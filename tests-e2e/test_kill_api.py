"""The trigger, or PostgreSQL, is killed while callers write; they send again until answered: nothing is done twice."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule
from ichor_service import token_hash
from ichor_testing import PostgresServer, TemporalServer, Vhost, start_postgres, until
from ichor_testing.engine_program import start_program
from ichor_testing.ports import LOOPBACK, free_port

EACH = 2
GATE = 42
HOLD_ANSWERS = f"""
CREATE FUNCTION workflow.wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({GATE});
    RETURN NEW;
END
$$;
CREATE TRIGGER gate BEFORE UPDATE ON workflow.idempotency_keys
FOR EACH ROW EXECUTE FUNCTION workflow.wait_at_the_gate();
"""
EFFECTS = """
SELECT (SELECT count(*) FROM workflow.automation_executions) + (SELECT count(*) FROM workflow.approval_votes) AS effects
"""
SCOPES = ["read", "events", "start", "approve"]
LOG = {"name": "log", "type": "log_audit_entry", "config": {"message": "{{ number }}"}}


def rule(name: str, event: str, *before: dict[str, Any]) -> Rule:
    """Return a rule that logs, after what stands before that."""
    actions = [*before, LOG]
    sources = [None, *(action["name"] for action in before)]
    edges: list[dict[str, Any]] = [
        {"source": source, "target": action["name"], "type": "sequence" if source else "start"}
        for source, action in zip(sources, actions, strict=True)
    ]
    if before:
        edges[-1]["source_output"] = "approved"
    document = {"name": name, "trigger": {"entity": "orders", "event": event}, "actions": actions, "edges": edges}
    return Rule.model_validate(document)


ASK = {"name": "ask", "type": "seek_approval", "config": {"approvers": {"roles": ["boss"]}}}
RULES = (rule("Of orders", "on_create"), rule("By hand", "manual"), rule("Asks", "manual", ASK))


@dataclass(frozen=True, slots=True)
class Installation:
    """A database that may be killed, its rules, and the variables with which a program finds all."""

    postgres: PostgresServer
    environment: dict[str, str]
    rules: tuple[str, ...]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.environment['ICHOR_HTTP_PORT']}/v1"


@pytest.fixture
async def installation(
    rabbitmq_vhost: Vhost, shared_temporal: TemporalServer, temporal_task_queue: str, tmp_path: Path
) -> AsyncGenerator[Installation]:
    tokens = tmp_path / "tokens.json"
    entry = {"sha256": token_hash("token"), "sub": "ada", "roles": ["boss"], "scopes": SCOPES}
    tokens.write_text(json.dumps({"tokens": [entry]}))
    async with start_postgres() as postgres:
        async with connected(postgres.url) as pool:
            await migrate(pool)
            store, types = EdgeStore(pool), discover().catalogue
            rules = tuple([(await store.save_rule(item, catalogue=types)).rule_id for item in RULES])
        environment = {
            "ICHOR_DATABASE_URL": postgres.url,
            "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
            "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
            "ICHOR_TASK_QUEUE": temporal_task_queue,
            "ICHOR_API_TOKENS": str(tokens),
            "ICHOR_HTTP_PORT": str(free_port()),
        }
        yield Installation(postgres, environment, rules)


@asynccontextmanager
async def calling(installation: Installation) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers={"authorization": "Bearer token"}, timeout=5) as http:
        http.base_url = installation.url
        yield http


async def write(http: httpx.AsyncClient, path: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a request with its key until it is answered."""
    answers: list[httpx.Response] = []

    async def is_answered() -> bool:
        try:
            answer = await http.post(path, json=body, headers={"idempotency-key": key})
        except httpx.TransportError:
            return False
        assert answer.status_code in (200, 202, 503), answer.text
        answers.append(answer)
        return answer.status_code != 503

    await until(is_answered, f"an answer to {key}")
    return answers[-1].json()


def writes(http: httpx.AsyncClient, installation: Installation, approvals: list[str]) -> list[asyncio.Task[Any]]:
    """Send events, starts and votes, all at once."""
    _, by_hand, _ = installation.rules
    sent = [
        request
        for number, approval in enumerate(approvals)
        for request in (
            ("/events", f"event-{number}", event(number)),
            (f"/rules/{by_hand}/runs", f"start-{number}", {"data": {"number": f"start-{number}"}}),
            (f"/approvals/{approval}/votes", f"vote-{number}", {"resolution": "approved"}),
        )
    ]
    return [asyncio.create_task(write(http, *request)) for request in sent]


def event(number: int) -> dict[str, Any]:
    data = {"number": f"event-{number}"}
    return {"event_type": "on_create", "entity_name": "orders", "entity_id": str(number), "raw_data": data}


async def ask(http: httpx.AsyncClient, installation: Installation) -> list[str]:
    """Start runs that ask, and return their approvals."""
    path = f"/rules/{installation.rules[2]}/runs"
    for number in range(EACH):
        await write(http, path, f"ask-{number}", {"data": {"number": f"vote-{number}"}})
    found: list[str] = []

    async def are_there() -> bool:
        listed = (await http.get("/approvals", params={"status": "pending"}, timeout=60)).json().get("approvals", [])
        found[:] = [item["approval_id"] for item in listed]
        return len(found) == EACH

    await until(are_there, "the approvals", seconds=60)
    return found


@asynccontextmanager
async def half_done(
    http: httpx.AsyncClient, installation: Installation, approvals: list[str]
) -> AsyncGenerator[list[asyncio.Task[Any]]]:
    """Send the writes, and yield them when all have their effect and none can be answered."""
    async with connected(installation.postgres.url) as pool:
        await pool.execute(HOLD_ANSWERS)
        gate = await asyncpg.connect(installation.postgres.url)
        await gate.execute(f"SELECT pg_advisory_lock({GATE})")
        sent = writes(http, installation, approvals)

        async def have_all_effects() -> bool:
            return await pool.fetchval(EFFECTS) == 4 * EACH

        await until(have_all_effects, "the effects")
    assert not any(task.done() for task in sent)
    yield sent
    gate.terminate()


async def logged(pool: asyncpg.Pool, count: int) -> list[str]:
    """Return what runs logged, once there is so much and all have ended."""
    under_way = "SELECT count(*) FROM workflow.automation_executions WHERE status IN ('pending', 'running', 'waiting')"

    async def have_ended() -> bool:
        rows: int = await pool.fetchval("SELECT count(*) FROM workflow.audit_log")
        return rows >= count and not await pool.fetchval(under_way)

    await until(have_ended, f"{count} lines", seconds=90)
    return [row["message"] for row in await pool.fetch("SELECT message FROM workflow.audit_log ORDER BY message")]


@pytest.mark.parametrize("victim", ["trigger", "postgres"])
async def test_what_is_sent_until_it_is_answered_is_done_once(installation: Installation, victim: str):
    environment = installation.environment
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(calling(installation))
        worker = await stack.enter_async_context(start_program("ichor_worker", worker_of(environment)))
        trigger = await stack.enter_async_context(start_program("ichor_trigger", environment))
        await asyncio.gather(trigger.ready(), worker.ready())
        approvals = await ask(http, installation)
        async with half_done(http, installation, approvals) as sent:
            await (installation.postgres if victim == "postgres" else trigger).kill()
        if victim == "postgres":
            await installation.postgres.restart()
        else:
            trigger = await stack.enter_async_context(start_program("ichor_trigger", environment))
        answers = await asyncio.gather(*sent)
        assert await asyncio.gather(*writes(http, installation, approvals)) == answers
        async with connected(installation.postgres.url) as pool:
            found = await logged(pool, 3 * EACH)
            votes = await pool.fetchval("SELECT count(*) FROM workflow.approval_votes")
            runs = await pool.fetch("SELECT event_id FROM workflow.automation_executions")
        assert await trigger.stop() == 0
    assert found == sorted(f"{kind}-{number}" for kind in ("event", "start", "vote") for number in range(EACH))
    assert votes == EACH
    assert len({row["event_id"] for row in runs}) == len(runs) == 3 * EACH


def worker_of(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "ICHOR_HTTP_PORT": str(free_port())}
