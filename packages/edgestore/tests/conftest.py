"""What the tests of the store share: a database that is migrated already, and a pool on it."""

import hashlib
from collections.abc import AsyncGenerator

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, connected, migrate, migrations
from ichor_testing.database import Database, template_database
from ichor_testing.postgres import PostgresServer


@pytest.fixture(scope="session")
async def postgres_template(shared_postgres: PostgresServer) -> str:
    """Every test's database is a copy of a migrated one."""
    key = hashlib.sha256("".join(step.sql for step in migrations()).encode()).hexdigest()[:16]
    return await template_database(shared_postgres, f"edgestore_{key}", _migrate)


@pytest.fixture
async def pool(postgres_database: Database) -> AsyncGenerator[asyncpg.Pool]:
    """A pool on a migrated database of the test's own."""
    async with connected(postgres_database.url, max_size=5) as opened:
        yield opened


@pytest.fixture
def store(pool: asyncpg.Pool) -> EdgeStore:
    """The store on that pool."""
    return EdgeStore(pool)


async def _migrate(url: str) -> None:
    async with connected(url) as opened:
        await migrate(opened)
