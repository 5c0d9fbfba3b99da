"""A shop's database with the engine's tables, and a way to perform one action in it."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

import asyncpg
import pytest
import pytest_asyncio
from ichor_activities import EntityAccess, SecretFiles, Services, discover
from ichor_activities.entity_file import EntityFile
from ichor_activities.handler import AnyHandler
from ichor_activities.performer import Attempt, Performer
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import ActionCall
from ichor_testing import Database, PostgresServer, template_database

SHOP = """
CREATE SCHEMA sales;
CREATE TYPE sales.kind AS ENUM ('retail', 'whole sale');
CREATE TABLE sales.statuses (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text UNIQUE, rank integer);
CREATE TABLE sales.orders (
    id uuid PRIMARY KEY,
    number varchar(10) UNIQUE,
    total numeric(10,2) CHECK (total >= 0),
    quantity integer,
    ratio double precision,
    paid boolean,
    ordered_at timestamptz,
    day date,
    notes text,
    code char(4),
    tags text[],
    details jsonb,
    customer uuid,
    kind sales.kind,
    status text NOT NULL DEFAULT 'open',
    status_id uuid REFERENCES sales.statuses (id),
    secret text
);
CREATE TABLE sales.counters (id serial PRIMARY KEY, "Odd ""Name" text);
"""
ENTITIES: Mapping[str, Any] = {
    "entities": {
        "orders": {
            "table": "sales.orders",
            "readable": ["number", "total", "quantity"],
            "writable": [
                "number",
                "total",
                "quantity",
                "ratio",
                "paid",
                "ordered_at",
                "day",
                "notes",
                "code",
                "tags",
                "details",
                "customer",
                "kind",
                "status",
                "status_id",
                "missing",
            ],
        },
        "statuses": {"table": "sales.statuses", "readable": ["name"], "writable": ["name", "rank"]},
        "counters": {"table": "sales.counters", "readable": ['Odd "Name'], "writable": ['Odd "Name']},
        "alerts": {"table": "workflow.alerts", "readable": "*", "writable": "*"},
    }
}


class Perform(Protocol):
    """Performs one action, as an activity would, and returns its result."""

    async def __call__(self, call: ActionCall, *, attempt: int = 1) -> dict[str, Any]: ...


async def _prepare(url: str) -> None:
    async with connected(url) as pool:
        await migrate(pool)
        await pool.execute(SHOP)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_template(shared_postgres: PostgresServer) -> str:
    """The database that each test's is a copy of."""
    import hashlib

    from ichor_edgestore import migrations

    content = SHOP + "".join(step.sql for step in migrations())
    return await template_database(shared_postgres, hashlib.sha256(content.encode()).hexdigest()[:16], _prepare)


@pytest_asyncio.fixture(loop_scope="session")
async def pool(postgres_database: Database) -> AsyncGenerator[asyncpg.Pool]:
    """A pool as the store makes it."""
    async with connected(postgres_database.url) as pool:
        yield pool


@pytest.fixture
def services() -> Services:
    """Services as a worker of this shop has them."""
    return Services(entities=EntityAccess.of(EntityFile.model_validate(ENTITIES)))


@pytest.fixture
def performer(pool: asyncpg.Pool, services: Services) -> Performer:
    """What performs actions with the real journal."""
    return Performer(EdgeStore(pool).journal, services, SecretFiles(environment={"ICHOR_SECRET_TOKEN": "hunter2"}))


@pytest.fixture
def perform(pool: asyncpg.Pool, performer: Performer) -> Perform:
    """Perform one action of a run that the database knows."""
    handlers: Mapping[str, AnyHandler] = discover()

    async def run(call: ActionCall, *, attempt: int = 1) -> dict[str, Any]:
        await pool.execute(
            "INSERT INTO workflow.automation_executions (id, entity_type, trigger_data, status, executed_at)"
            " VALUES ($1, 'orders', '{}', 'running', now()) ON CONFLICT DO NOTHING",
            call.run.execution_id,
        )
        return await performer.perform(handlers[call.type], call, Attempt(attempt, 20))

    return run
