"""Migrations: numbered SQL files, each applied once, in one transaction, while no other program applies one.

A database may be one release ahead of a program, so that services can be rolled out after `ichor migrate`, and back.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import asyncpg

from ichor_edgestore.database import Database, Session
from ichor_edgestore.errors import SchemaTooNew, SchemaTooOld, StoreContended
from ichor_edgestore.query_file import load_queries

_QUERIES = load_queries("migration")
_LOCK = 0x1C804
_PATIENCE = 600
_LONGEST_USE = 120
"""Seconds for which others may use the tables of a migration before it gives up."""
_PAUSE = 2
"""Seconds in which those who waited behind it are served, before it asks for the tables again."""
_FEW = 3
_RELEASE = re.compile(r"-- release (\d+)\n")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from one shape of the tables to the next. `release` counts the releases that brought migrations."""

    number: int
    name: str
    release: int
    sql: str


@dataclass(frozen=True, slots=True, order=True)
class AppliedMigration:
    """One that a database has, of this release or of another one."""

    number: int
    name: str
    release: int


@cache
def migrations() -> tuple[Migration, ...]:
    """Return all migrations of this release, the oldest first."""
    found = (files("ichor_edgestore") / "migrations").iterdir()
    return tuple(_read(file.name, file.read_text(encoding="utf-8")) for file in sorted(found, key=lambda f: f.name))


async def migrate(pool: asyncpg.Pool) -> tuple[str, ...]:
    """Bring a database up to date and return the names of the migrations that it lacked.

    Raises:
        StoreContended: the tables were in use for too long; nothing of the migration at hand was done.
    """
    database = Database(pool)
    return tuple([step.name for step in migrations() if await _apply_patiently(database, step)])


async def schema_version(pool: asyncpg.Pool) -> int:
    """Return the number of the newest migration that a database has, 0 where it has none."""
    return max((found.number for found in await _applied(Database(pool))), default=0)


async def require_schema(pool: asyncpg.Pool) -> None:
    """Refuse a database that this release cannot work with; a service calls it when it starts.

    Raises:
        SchemaTooOld: it lacks a migration.
        SchemaTooNew: it is more than one release ahead.
    """
    applied = await _applied(Database(pool))
    numbers = {found.number for found in applied}
    missing = [step.name for step in migrations() if step.number not in numbers]
    if missing:
        many = f"{len(missing)} migrations, {missing[0]} to {missing[-1]}"
        raise SchemaTooOld(f"The database lacks {many if len(missing) > _FEW else ', '.join(missing)}.")
    own, newest = migrations()[-1].release, max(found.release for found in applied)
    if newest > own + 1:
        raise SchemaTooNew(f"The database is at schema release {newest}, this program at {own}.")


async def foreign_migrations(pool: asyncpg.Pool) -> tuple[AppliedMigration, ...]:
    """Return the migrations that a database has and this release does not, the oldest first."""
    own = {(step.number, step.name) for step in migrations()}
    return tuple(found for found in await _applied(Database(pool)) if (found.number, found.name) not in own)


def _read(file: str, sql: str) -> Migration:
    name = file.removesuffix(".sql")
    release = _RELEASE.match(sql)
    if release is None:
        raise ValueError(f"the migration {name} does not begin with its release")
    return Migration(int(name.partition("_")[0]), name, int(release[1]), sql)


async def _apply_patiently(database: Database, step: Migration) -> bool:
    """Apply a migration once its tables are free; say whether it was applied.

    It asks for them again and again, each time briefly: whoever wants to use them would wait behind it.
    """
    end = time.monotonic() + _LONGEST_USE
    while True:
        try:
            return await _apply(database, step)
        except StoreContended:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(_PAUSE)


async def _apply(database: Database, step: Migration) -> bool:
    """Apply a migration unless the database has it; say whether it was applied."""
    async with database.transaction() as session:
        await _hold_lock(session)
        if await session.row(_QUERIES["applied_one"], step.number):
            return False
        await session.execute(step.sql, within=_PATIENCE)
        await session.execute(_QUERIES["record"], step.number, step.name, step.release)
        return True


async def _hold_lock(session: Session) -> None:
    """Wait for other programs that migrate; then give up early rather than hold up everyone who uses a table."""
    await session.execute(_QUERIES["lock"], _LOCK, within=_PATIENCE)
    await session.execute(_QUERIES["prepare"])


async def _applied(database: Database) -> list[AppliedMigration]:
    if not await database.row(_QUERIES["has_table"]):
        return []
    return sorted(AppliedMigration(**row) for row in await database.rows(_QUERIES["applied"]))
