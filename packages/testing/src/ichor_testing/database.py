"""A PostgreSQL database of a test's own."""

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ichor_testing.postgres import PostgresServer

if TYPE_CHECKING:
    from asyncpg import Connection, Record


@dataclass(frozen=True, slots=True)
class Database:
    """A database, by its address."""

    name: str
    url: str


@asynccontextmanager
async def isolated_database(server: PostgresServer, template: str = "template0") -> AsyncGenerator[Database]:
    """Yield a fresh database, a copy of `template`; afterwards it is dropped, whoever is still connected."""
    name = f"test_{secrets.token_hex(8)}"
    async with _administration(server) as connection:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield Database(name, server.database_url(name))
    finally:
        async with _administration(server) as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def template_database(server: PostgresServer, key: str, prepare: Callable[[str], Awaitable[None]]) -> str:
    """Return the name of the template for `key`, made by `prepare` (given its address) where it is not there yet.

    Whoever comes second waits for the first, also from another process. A server found by its address keeps
    templates for ever, so the key must change with what `prepare` does: a hash of the migrations, for instance.
    """
    name = f"template_{key}"
    async with _administration(server) as connection:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await _make_template(server, connection, name, prepare)
    return name


async def _make_template(
    server: PostgresServer, connection: "Connection[Record]", name: str, prepare: Callable[[str], Awaitable[None]]
) -> None:
    unfinished = f"{name}_unfinished"
    await connection.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
    await connection.execute(f'CREATE DATABASE "{unfinished}" TEMPLATE "template0"')
    await prepare(server.database_url(unfinished))
    await connection.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


@asynccontextmanager
async def _administration(server: PostgresServer) -> "AsyncGenerator[Connection[Record]]":
    import asyncpg

    connection = await asyncpg.connect(server.url)
    try:
        yield connection
    finally:
        await connection.close()
