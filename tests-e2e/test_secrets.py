"""Every secret that the programs are told has a value that is looked for in all that they show, and found nowhere."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule
from ichor_service import load_settings
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import EngineProgram, start_program
from ichor_testing.http import HttpSink, start_http
from ichor_testing.ports import LOOPBACK
from temporalio.client import Client

MARK = "s3ntinel"
SECRET = f"{MARK}-of-the-shop"
KEY = b64encode(f"{MARK}-key".encode().ljust(32)).decode()
RULE: dict[str, Any] = {
    "name": "Tell the shop",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [
        {
            "name": "tell",
            "type": "call_webhook",
            "config": {"url": "{{shop}}", "headers": {"Authorization": "Bearer {{secret:shop}}"}, "body": "told"},
        },
        {"name": "fail", "type": "send_email", "config": {"recipients": ["a@b.example"], "subject": "a"}},
    ],
    "edges": [
        {"source": None, "target": "tell", "type": "start"},
        {"source": "tell", "target": "fail", "type": "sequence"},
    ],
}


def with_password(url: str, user: str, password: str) -> str:
    """Return an address with another account."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}"))


def secrets_of(database: str, broker: str, keys: Path) -> dict[str, str]:
    """Return every setting that holds a secret, and where the servers are."""
    keys.write_text(f"none,first:{KEY}")
    return {
        "ICHOR_DATABASE_URL": database,
        "ICHOR_RABBITMQ_URL": broker,
        "ICHOR_ENCRYPTION_KEYS": str(keys),
        "ICHOR_TOKEN_KEYS": f"{MARK}-token-key-1,{MARK}-token-key-2",
        "ICHOR_SMTP_URL": f"smtp://{MARK}-user:{MARK}-mail@{LOOPBACK}:1",
        "ICHOR_SECRET_SHOP": SECRET,
        "ICHOR_WEBHOOK_ALLOW": LOOPBACK,
        "TEMPORAL_API_KEY": f"{MARK}-api-key",
        "TEMPORAL_TLS": "false",
    }


def found(text: str) -> list[str]:
    """Return the lines that show a secret."""
    return [line for line in text.splitlines() if MARK in line or KEY in line]


async def shown_by(program: EngineProgram) -> str:
    """Return all that a program shows to others."""
    async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{program.port}", timeout=30) as http:
        answers = [await http.get(path) for path in ("/metrics", "/healthz/ready", "/healthz/live", "/v1/runs")]
    return program.log.read_text() + "".join(f"{answer.headers} {answer.text}" for answer in answers)


async def ichor(environment: dict[str, str], *arguments: str) -> str:
    """Return all that a command prints."""
    variables = {**os.environ, **environment, "ICHOR_DEBUG": "1"}
    command = (sys.executable, "-m", "ichor_cli", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=variables, stdout=PIPE, stderr=STDOUT)
    out, _ = await process.communicate()
    return out.decode()


async def all_rows(pool: asyncpg.Pool) -> str:
    """Return every row of the engine's tables."""
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'workflow'")
    rows = [str(row) for table in tables for row in await pool.fetch(f'SELECT * FROM workflow."{table["tablename"]}"')]
    return "\n".join(rows)


@pytest.fixture
async def account(postgres_database: Database) -> str:
    """The database's address, with an account whose password is a secret."""
    async with connected(postgres_database.url) as pool:
        await migrate(pool)
        role = f"secretive_{os.urandom(6).hex()}"
        await pool.execute(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{MARK}-database'")
    return with_password(postgres_database.url, role, f"{MARK}-database")


async def test_secrets_are_not_shown(
    account: str,
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
    tmp_path: Path,
):
    environment = secrets_of(account, rabbitmq_vhost.url, tmp_path / "keys")
    environment |= {"ICHOR_TEMPORAL_ADDRESS": shared_temporal.url, "ICHOR_TASK_QUEUE": temporal_task_queue}
    async with (
        connected(postgres_database.url) as pool,
        start_http() as shop,
        start_program("ichor_worker", environment) as worker,
        start_program("ichor_trigger", environment) as trigger,
    ):
        store = EdgeStore(pool)
        await store.save_rule(Rule.model_validate(RULE), catalogue=discover().catalogue)
        await asyncio.gather(worker.ready(), trigger.ready())
        shown = await ichor(environment, "fire", "--entity", "orders", "--set", f"shop={shop.url}")
        await trigger.said("run started")
        workflow_id = (await store.list_runs())[0].workflow_id
        await until(lambda: was_tried(temporal_client, workflow_id), "the failure of the mail")
        shown += await ichor(environment, "runs", "show", workflow_id) + await ichor(environment, "runs")
        shown += await shown_by(worker) + await shown_by(trigger) + await all_rows(pool)
        shown += (await temporal_client.get_workflow_handle(workflow_id).fetch_history()).to_json()
    assert_was_told(shop)
    assert "{{secret:shop}}" in shown
    assert found(shown) == []


async def test_secrets_are_not_shown_where_no_server_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    environment = secrets_of(
        f"postgresql://{MARK}-user:{MARK}-database@{LOOPBACK}:1/a",
        f"amqp://{MARK}-user:{MARK}-mq@{LOOPBACK}:1/a",
        tmp_path / "keys",
    )
    environment["ICHOR_TEMPORAL_ADDRESS"] = f"{LOOPBACK}:1"
    async with (
        start_program("ichor_worker", environment) as worker,
        start_program("ichor_trigger", environment) as trigger,
    ):
        await asyncio.gather(worker.failing("database"), trigger.failing("database"))
        shown = await shown_by(worker) + await shown_by(trigger)
    commands = (("runs",), ("events", "list"), ("migrate",))
    shown += "".join(await asyncio.gather(*(ichor(environment, *command) for command in commands)))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.smtp_url is not None
    shown += f"{settings!r}\n{settings}\n{settings.model_dump_json()}"
    assert "ichor_up" in shown
    assert found(shown) == []


async def was_tried(client: Client, workflow_id: str) -> bool:
    """Say whether the last action has failed once."""
    description = await client.get_workflow_handle(workflow_id).describe()
    pending = description.raw_description.pending_activities
    return description.close_time is not None or any(item.HasField("last_failure") for item in pending)


def assert_was_told(shop: HttpSink) -> None:
    """The one whom the secret is for has it."""
    assert [request.headers["authorization"] for request in shop.requests] == [f"Bearer {SECRET}"]
