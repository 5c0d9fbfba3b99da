"""What the tests of the commands share: a way to run one here, and files to run it on."""

import asyncio
import hashlib
import io
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from ichor_cli.main import run
from ichor_edgestore import connected, migrate, migrations
from ichor_testing import Database, PostgresServer, TemporalServer, Vhost, template_database

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]


@pytest.fixture
def ichor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ichor:
    """Runs a command in this process, beside the event loop of the test."""

    async def call(*arguments: str | Path, stdin: bytes = b"") -> CompletedProcess[str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = await asyncio.to_thread(run, [str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return CompletedProcess(arguments, code, out, err)

    return call


@pytest.fixture
def rule() -> dict[str, Any]:
    """A small rule that nothing is wrong with."""
    return {
        "name": "Order approval",
        "trigger": {"entity": "orders", "event": "on_create"},
        "actions": [
            {
                "name": "check",
                "type": "evaluate_condition",
                "config": {"conditions": [{"field_name": "total", "operator": "greater_than", "value": 1000}]},
            },
            {"name": "hold", "type": "log_audit_entry", "config": {"message": "{{number}} is held"}},
            {"name": "pass", "type": "log_audit_entry", "config": {"message": "{{number}} passes"}},
        ],
        "edges": [
            {"source": None, "target": "check", "type": "start", "order": 1},
            {"source": "check", "target": "hold", "type": "true_branch", "order": 2},
            {"source": "check", "target": "pass", "type": "false_branch", "order": 3},
        ],
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of the test's own, a document as JSON."""

    def write_file(name: str, content: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write_file


@pytest.fixture(scope="session")
async def postgres_template(shared_postgres: PostgresServer) -> str:
    """Every test's database is a copy of a migrated one."""
    key = hashlib.sha256("".join(step.sql for step in migrations()).encode()).hexdigest()[:16]
    return await template_database(shared_postgres, f"cli_{key}", _migrate)


@pytest.fixture
def database(postgres_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A migrated database that the commands find."""
    monkeypatch.setenv("ICHOR_DATABASE_URL", postgres_database.url)
    return postgres_database


@pytest.fixture
def broker(rabbitmq_vhost: Vhost, monkeypatch: pytest.MonkeyPatch) -> Vhost:
    """A vhost that the commands find."""
    monkeypatch.setenv("ICHOR_RABBITMQ_URL", rabbitmq_vhost.url)
    return rabbitmq_vhost


@pytest.fixture
def temporal(shared_temporal: TemporalServer, temporal_task_queue: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Temporal that the commands find, and a task queue of the test's own."""
    monkeypatch.setenv("ICHOR_TEMPORAL_ADDRESS", shared_temporal.url)
    monkeypatch.setenv("ICHOR_TASK_QUEUE", temporal_task_queue)
    return shared_temporal.url


async def _migrate(url: str) -> None:
    async with connected(url) as pool:
        await migrate(pool)
