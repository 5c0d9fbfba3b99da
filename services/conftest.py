"""What the tests of both services share: a migrated database, rules and messages."""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable

import aio_pika
import asyncpg
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate, migrations
from ichor_models import Rule, RuleId
from ichor_testing import Database, PostgresServer, Vhost, template_database


async def _migrate(url: str) -> None:
    async with connected(url) as pool:
        await migrate(pool)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_template(shared_postgres: PostgresServer) -> str:
    content = "".join(step.sql for step in migrations())
    key = f"services_{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    return await template_database(shared_postgres, key, _migrate)


@pytest_asyncio.fixture(loop_scope="session")
async def pool(postgres_database: Database) -> AsyncGenerator[asyncpg.Pool]:
    async with connected(postgres_database.url) as opened:
        yield opened


@pytest.fixture
def save_rule(pool: asyncpg.Pool) -> Callable[[object], Awaitable[RuleId]]:
    async def save(rule: object) -> RuleId:
        saved = await EdgeStore(pool).save_rule(Rule.model_validate(rule), catalogue=discover().catalogue)
        return saved.rule_id

    return save


@pytest_asyncio.fixture(loop_scope="session")
async def channel(rabbitmq_vhost: Vhost) -> AsyncGenerator[AbstractChannel]:
    async with await aio_pika.connect(rabbitmq_vhost.url) as connection:
        yield await connection.channel()
