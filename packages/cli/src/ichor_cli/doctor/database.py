"""What there is to find out about PostgreSQL."""

from collections.abc import Callable, Container, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from ichor_edgestore import (
    EdgeStore,
    InvalidRoleQuery,
    LackingRights,
    SchemaError,
    StoreError,
    connected,
    foreign_migrations,
    lacking_rights,
    migrations,
    require_schema,
    service_rights,
)
from ichor_models import Person
from ichor_service import Settings, variable

from ichor_cli.doctor.clock import clock_finding
from ichor_cli.doctor.finding import Finding, broken, doubtful, skipped, well
from ichor_cli.doctor.patience import tried
from ichor_cli.doctor.unnamed import unnamed
from ichor_cli.failure import explain
from ichor_cli.plain_text import plain

CONNECTION, MIGRATIONS, RIGHTS_OF_ROLE = "database.connection", "database.migrations", "database.rights"
ROLES, BACKLOG, CLOCK = "database.roles", "database.backlog", "clock.database"
REST = (MIGRATIONS, RIGHTS_OF_ROLE, ROLES, BACKLOG, CLOCK)
_LONG = timedelta(minutes=5)
_LOOK = "Look at the server's log and load."


async def examine_database(
    settings: Settings, wrong: Container[str], seconds: float, now: Callable[[], datetime]
) -> Sequence[Finding]:
    """Connect as the services do, and look at all that needs the connection."""
    if settings.database_url is None:
        return _unreached(unnamed(CONNECTION, "database_url", wrong))
    async with AsyncExitStack() as stack:
        opening = connected(
            settings.database_url.get_secret_value(), max_size=1, connect_timeout=seconds, command_timeout=seconds
        )
        try:
            pool = await stack.enter_async_context(opening)
        except StoreError as error:
            return _unreached(broken(CONNECTION, str(error), explain(error).mend))
        checks = [
            tried(CONNECTION, _connection(pool), seconds, _LOOK),
            tried(MIGRATIONS, _migrations(pool), seconds, "Let the role read workflow.ichor_migrations."),
            tried(RIGHTS_OF_ROLE, _rights(pool, legacy=settings.legacy_outbox), seconds, _LOOK),
            tried(ROLES, _roles(pool, settings), seconds, _LOOK),
            tried(BACKLOG, _backlog(pool), seconds, "Mend migrations and rights first."),
            tried(CLOCK, _clock(pool, now), seconds, _LOOK),
        ]
        return [finding for check in checks for finding in await check]


def _unreached(first: Finding) -> Sequence[Finding]:
    return [first, *(skipped(name, "The database cannot be asked.") for name in REST)]


async def _connection(pool: asyncpg.Pool) -> Sequence[Finding]:
    role, version = await pool.fetchrow("SELECT current_user, current_setting('server_version')") or ("", "")
    return [well(CONNECTION, f"PostgreSQL {version} answers as the role {role}.")]


async def _migrations(pool: asyncpg.Pool) -> Sequence[Finding]:
    try:
        await require_schema(pool)
    except SchemaError as error:
        return [broken(MIGRATIONS, str(error), error.mend)]
    foreign = await foreign_migrations(pool)
    own = migrations()[-1]
    unknown = [found.name for found in foreign if found.release <= own.release]
    if unknown:
        message = f"The database has migrations that no release of ours brought: {', '.join(unknown)}."
        return [broken(MIGRATIONS, message, "Find out who applied them; install the release that they came with.")]
    if foreign:
        message = f"The database is one release ahead: {', '.join(found.name for found in foreign)}."
        return [doubtful(MIGRATIONS, message, "This works; roll out the release that brought them.")]
    return [well(MIGRATIONS, f"The database is at {own.name}, as this release.")]


async def _rights(pool: asyncpg.Pool, *, legacy: bool) -> Sequence[Finding]:
    lacking = await lacking_rights(pool, service_rights(legacy=legacy))
    if not lacking:
        return [well(RIGHTS_OF_ROLE, "The role may do all that the services do.")]
    role = await pool.fetchval("SELECT quote_ident(current_user)")
    missing = [f"workflow.{table.table}" for table in lacking if not table.is_there]
    found = [_lack(table, role) for table in lacking if table.is_there]
    return [*([_missing(missing)] if missing else []), *found]


def _missing(tables: Sequence[str]) -> Finding:
    noun, verb = ("table", "is") if len(tables) == 1 else ("tables", "are")
    mend = "Run `ichor migrate`; a table that was dropped comes back from a backup only."
    return broken(RIGHTS_OF_ROLE, f"The {noun} {', '.join(tables)} {verb} not there.", mend)


def _lack(lacking: LackingRights, role: str) -> Finding:
    rights = ", ".join(lacking.privileges)
    mend = f"GRANT USAGE ON SCHEMA workflow TO {role}; GRANT {rights} ON workflow.{lacking.table} TO {role};"
    return broken(RIGHTS_OF_ROLE, f"The role {role} may not {rights} on workflow.{lacking.table}.", mend)


async def _roles(pool: asyncpg.Pool, settings: Settings) -> Sequence[Finding]:
    if settings.roles_sql is None:
        return [skipped(ROLES, f"{variable('roles_sql')} is not set: the token's roles count.")]
    try:
        await EdgeStore(pool, roles_sql=settings.roles_sql).roles_of(Person(id=str(UUID(int=0))))
    except InvalidRoleQuery as error:
        return [broken(ROLES, str(error), f"Correct {variable('roles_sql')}.")]
    return [well(ROLES, f"{variable('roles_sql')} can be run.")]


async def _backlog(pool: asyncpg.Pool) -> Sequence[Finding]:
    backlog = await EdgeStore(pool).backlog()
    findings: list[Finding] = []
    if backlog.outbox_failed:
        mend = "Mend what last_error says, then set their state to pending (docs/operators.md, The outbox)."
        why = f", the newest since: {plain(backlog.outbox_error)}" if backlog.outbox_error else "."
        findings += [doubtful(BACKLOG, f"{backlog.outbox_failed} events of the outbox were given up{why}", mend)]
    if backlog.outbox_age is not None and backlog.outbox_age > _LONG:
        message = f"Events of the outbox wait since {_minutes(backlog.outbox_age)}."
        findings += [broken(BACKLOG, message, "Start an ichor-trigger with the part relay, or read its log.")]
    if backlog.pending_age is not None and backlog.pending_age > _LONG:
        message = f"{backlog.runs_pending} runs wait to begin, the oldest since {_minutes(backlog.pending_age)}."
        findings += [broken(BACKLOG, message, "Start ichor-workers on this task queue, or read their log.")]
    running = f"{backlog.runs_running} runs are under way, {backlog.questions_open} questions are open"
    return findings or [well(BACKLOG, f"Nothing waits for long; {running}.")]


async def _clock(pool: asyncpg.Pool, now: Callable[[], datetime]) -> Sequence[Finding]:
    before = now()
    theirs = await pool.fetchval("SELECT clock_timestamp()")
    return [clock_finding(CLOCK, "the database", theirs, before, now())]


def _minutes(age: timedelta) -> str:
    return f"{age // timedelta(minutes=1)} minutes"
