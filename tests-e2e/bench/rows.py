"""A migrated database of the benchmark's own, and rules in it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_models import Rule, RuleId
from ichor_testing import Database, PostgresServer, isolated_database


@asynccontextmanager
async def open_pool(server: PostgresServer, max_size: int = 10) -> AsyncGenerator[tuple[Database, asyncpg.Pool]]:
    """Yield a database and a pool of connections to it."""
    async with isolated_database(server) as database, connected(database.url, max_size=max_size) as pool:
        await migrate(pool)
        yield database, pool


async def save(store: EdgeStore, rule: Rule) -> RuleId:
    """Save a rule and return its id."""
    return (await store.save_rule(rule, catalogue=discover().catalogue)).rule_id
