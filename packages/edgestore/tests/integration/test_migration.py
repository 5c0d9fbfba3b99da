"""Migrations, on a database without tables and on one that an application made."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest
from ichor_edgestore import (
    Migration,
    SchemaTooNew,
    SchemaTooOld,
    StoreError,
    connected,
    migrate,
    migrations,
    require_schema,
    schema_version,
)
from ichor_testing import until
from ichor_testing.database import Database

HERE = Path(__file__).parent
OURS = {"graph_versions", "run_actions", "outbox", "ichor_migrations"}
NAMES = tuple(step.name for step in migrations())
TRACEPARENT = "0019_traceparent"
ORDERS = "20000000-0000-4000-8000-000000000001"
ADMIN = "10000000-0000-4000-8000-000000000001"

EDGE = """
INSERT INTO workflow.action_edges (rule_id, source_action_id, target_action_id, edge_type, source_output)
VALUES ($1, $2, $3, $4, $5)
"""


@pytest.fixture
async def ichor_pool(empty_pool: asyncpg.Pool) -> asyncpg.Pool:
    """A pool on an Ichor database with rows, not migrated."""
    for name in ("ichor_schema.sql", "ichor_rows.sql"):
        await empty_pool.execute((HERE / name).read_text(encoding="utf-8"))
    return empty_pool


async def test_an_empty_database_gets_every_table_once(empty_pool: asyncpg.Pool) -> None:
    assert await schema_version(empty_pool) == 0
    assert await migrate(empty_pool) == NAMES
    assert await migrate(empty_pool) == ()
    assert await schema_version(empty_pool) == migrations()[-1].number
    tables = {row["tablename"] for row in await empty_pool.fetch(_TABLES)}
    assert tables >= OURS | {"automation_rules", "alerts", "alert_recipients", "alert_acknowledgments", "audit_log"}
    triggers = await empty_pool.fetch("SELECT name FROM workflow.trigger_types ORDER BY name")
    assert [row["name"] for row in triggers] == ["manual", "on_create", "on_delete", "on_update", "scheduled"]


async def test_programs_that_migrate_at_once_wait_for_each_other(empty_pool: asyncpg.Pool) -> None:
    applied = await asyncio.gather(*(migrate(empty_pool) for _ in range(4)))
    assert sorted(name for names in applied for name in names) == sorted(NAMES)


async def test_a_migration_that_waits_for_a_table_holds_nobody_up_for_long(empty_pool: asyncpg.Pool) -> None:
    await migrate(empty_pool)
    await empty_pool.execute("DELETE FROM workflow.ichor_migrations WHERE name = $1", TRACEPARENT)
    async with empty_pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM workflow.outbox")
        migrating = asyncio.create_task(migrate(empty_pool))
        await until(lambda: _waits_for_a_table(empty_pool), "the migration waits")
        async with asyncio.timeout(15):
            await empty_pool.execute("SELECT FROM workflow.outbox")
    assert await migrating == (TRACEPARENT,)


async def _waits_for_a_table(pool: asyncpg.Pool) -> bool:
    return await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL") > 0


async def test_an_ichor_database_keeps_every_row(ichor_pool: asyncpg.Pool) -> None:
    before = await _content(ichor_pool)
    await migrate(ichor_pool)
    after = await _content(ichor_pool)
    added = after.pop("trigger_types") - before.pop("trigger_types")
    assert len(added) == 1
    assert "manual" in next(iter(added))
    assert {table: rows for table, rows in after.items() if table in before} == before


async def test_an_ichor_database_takes_every_edge_afterwards(ichor_pool: asyncpg.Pool) -> None:
    condition, notify = (f"40000000-0000-4000-8000-00000000000{number}" for number in (1, 2))
    with pytest.raises(asyncpg.CheckViolationError):
        await ichor_pool.execute(EDGE, ORDERS, condition, notify, "parallel", None)
    await migrate(ichor_pool)
    await ichor_pool.execute(EDGE, ORDERS, condition, notify, "parallel", None)
    await ichor_pool.execute(EDGE, ORDERS, condition, notify, "parallel", "true")
    await ichor_pool.execute(EDGE, ORDERS, condition, notify, "always", None)
    with pytest.raises(asyncpg.UniqueViolationError):
        await ichor_pool.execute(EDGE, ORDERS, condition, notify, "parallel", "true")
    with pytest.raises(asyncpg.CheckViolationError, match="action_edges_edge_type_check"):
        await ichor_pool.execute(EDGE, ORDERS, condition, notify, "bogus", None)
    with pytest.raises(asyncpg.CheckViolationError, match="starts_have_no_source"):
        await ichor_pool.execute(EDGE, ORDERS, condition, notify, "start", None)


async def test_the_existing_application_still_works(ichor_pool: asyncpg.Pool) -> None:
    await migrate(ichor_pool)
    rule = await ichor_pool.fetchval(
        """
        INSERT INTO workflow.automation_rules (name, entity_id, entity_type_id, trigger_type_id, created_by, updated_by)
        SELECT 'New', entity_id, entity_type_id, trigger_type_id, created_by, created_by
        FROM workflow.automation_rules WHERE id = $1 RETURNING id
        """,
        ORDERS,
    )
    action = await ichor_pool.fetchval(
        """
        INSERT INTO workflow.rule_actions (automation_rules_id, name, action_config) VALUES ($1, 'A', '{}') RETURNING id
        """,
        rule,
    )
    await ichor_pool.execute(EDGE, rule, None, action, "start", None)
    for _ in range(2):
        await ichor_pool.execute(
            """
            INSERT INTO workflow.automation_executions (automation_rules_id, entity_type, status)
            VALUES ($1, 'orders', 'pending')
            """,
            rule,
        )
    assert await ichor_pool.fetchval("SELECT count(*) FROM workflow.automation_rules_view") == 9


@pytest.mark.parametrize(
    "unique",
    [
        "CREATE UNIQUE INDEX ON workflow.action_edges (source_action_id, target_action_id)",
        "CREATE UNIQUE INDEX ON workflow.action_edges (target_action_id, coalesce(source_output, ''))",
        "ALTER TABLE workflow.action_edges ADD UNIQUE (source_action_id, target_action_id, edge_type)",
    ],
)
async def test_narrow_uniqueness_of_any_form_is_widened(empty_pool: asyncpg.Pool, unique: str) -> None:
    await empty_pool.execute((HERE / "ichor_schema.sql").read_text(encoding="utf-8"))
    await empty_pool.execute(unique)
    await migrate(empty_pool)
    found = await empty_pool.fetch(
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'action_edges' AND indexdef LIKE 'CREATE UNIQUE%'"
    )
    assert len(found) == 2
    assert any("edge_type, source_output" in row["indexdef"] for row in found)


async def test_edges_that_repeat_do_not_stop_a_migration(ichor_pool: asyncpg.Pool) -> None:
    await ichor_pool.execute("ALTER TABLE workflow.action_edges DROP CONSTRAINT one_edge")
    await ichor_pool.execute(
        """
        INSERT INTO workflow.action_edges (rule_id, source_action_id, target_action_id, edge_type, source_output)
        SELECT rule_id, source_action_id, target_action_id, edge_type, source_output FROM workflow.action_edges
        """
    )
    assert await migrate(ichor_pool) == NAMES


async def test_a_service_refuses_what_it_cannot_work_with(empty_pool: asyncpg.Pool) -> None:
    told = f"The database lacks {len(NAMES)} migrations, {NAMES[0]} to {NAMES[-1]}."
    with pytest.raises(SchemaTooOld, match=f"^{re.escape(told)}$"):
        await require_schema(empty_pool)
    await migrate(empty_pool)
    await require_schema(empty_pool)
    await empty_pool.execute("DELETE FROM workflow.ichor_migrations WHERE number = 2")
    with pytest.raises(SchemaTooOld, match=r"0002_engine"):
        await require_schema(empty_pool)


async def test_a_database_may_be_one_release_ahead(empty_pool: asyncpg.Pool) -> None:
    await migrate(empty_pool)
    newest: Migration = migrations()[-1]
    record = "INSERT INTO workflow.ichor_migrations (number, name, release) VALUES ($1, 'later', $2)"
    await empty_pool.execute(record, newest.number + 1, newest.release + 1)
    await require_schema(empty_pool)
    assert await migrate(empty_pool) == ()
    await empty_pool.execute(record, newest.number + 2, newest.release + 2)
    with pytest.raises(SchemaTooNew):
        await require_schema(empty_pool)


async def test_a_migration_that_fails_leaves_nothing(empty_database: Database, empty_pool: asyncpg.Pool) -> None:
    await empty_pool.execute("CREATE SCHEMA workflow")
    await empty_pool.execute("CREATE TABLE workflow.graph_versions (other text)")
    with pytest.raises(StoreError):
        await migrate(empty_pool)
    async with connected(empty_database.url) as pool:
        assert await schema_version(pool) == 1
        assert await pool.fetchval("SELECT to_regclass('workflow.run_actions')") is None


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'workflow'"


async def _content(pool: asyncpg.Pool) -> dict[str, set[str]]:
    """Return every row of every table of the application, in its columns of before."""
    content: dict[str, set[str]] = {}
    for table in [row["tablename"] for row in await pool.fetch(_TABLES)]:
        if table in OURS or table.startswith("alert"):
            continue
        added = "- 'options' - 'schedule' - 'position' - 'event_id' - 'event' - 'rerun' - 'workflow_id'"
        added += " - 'graph_version' - 'error_type' - 'started_at' - 'ended_at'"
        added += " - 'cancel_requested' - 'cancel_requested_by' - 'cancel_reason'"
        rows = await pool.fetch(f"SELECT (to_jsonb(t) {added})::text AS row FROM workflow.{table} t")
        content[table] = {row["row"] for row in rows}
    return content
