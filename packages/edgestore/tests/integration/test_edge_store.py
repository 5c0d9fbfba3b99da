"""What only the store on PostgreSQL has: statements, rows, locks, failures."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from ichor_edgestore import (
    EdgeStore,
    InvalidAddress,
    SchemaMissing,
    StoreUnavailable,
    Unstorable,
    connect,
    connected,
)
from ichor_edgestore.query_file import load_queries
from ichor_models import ActionCall, ActionError, Catalogue, EntityEvent, Report, Rule, RuleId
from ichor_testing.database import Database
from ichor_testing.ports import free_port

type NewCall = Callable[..., ActionCall]


def accept(rule: Rule, catalogue: Catalogue) -> Report:
    """Find nothing wrong."""
    return Report()


def chain(length: int) -> Rule:
    """Return a rule whose actions follow each other."""
    names = [f"action {number}" for number in range(length)]
    edges = [{"target": names[0], "type": "start"}]
    edges += [{"source": a, "target": b, "type": "sequence"} for a, b in pairwise(names)]
    actions = [{"name": name, "type": "send_email", "config": {"to": ["a@b.c"], "n": [1, 2.5]}} for name in names]
    trigger = {"entity": "orders", "event": "on_create"}
    return Rule.model_validate({"name": "chain", "trigger": trigger, "actions": actions, "edges": edges})


@pytest.mark.parametrize("length", [10, 5000])
async def test_a_graph_of_any_size_is_one_round_trip(postgres_database: Database, length: int) -> None:
    queries: list[str] = []
    async with connected(postgres_database.url, max_size=1) as pool:
        store = EdgeStore(pool, analyze=accept)
        saved = await store.save_rule(chain(length), catalogue=Catalogue([]))
        async with pool.acquire() as connection:
            connection.add_query_logger(lambda record: queries.append(record.query))
        loaded = await store.load_rule(saved.rule_id)
    assert len(loaded.actions) == len(loaded.edges) == length
    assert len(queries) == 1


async def test_a_graph_is_one_snapshot(edge_store: EdgeStore, pool: asyncpg.Pool) -> None:
    """A reader beside writers sees a whole version, never the actions of one and the edges of another."""
    store = EdgeStore(pool, analyze=accept)
    saved = await store.save_rule(chain(1), catalogue=Catalogue([]))
    seen: set[tuple[int, int]] = set()

    async def write() -> None:
        for length in (20, 3, 40, 1, 30):
            await store.save_rule(chain(length), catalogue=Catalogue([]))

    writer = asyncio.create_task(write())
    while not writer.done():
        loaded = await store.load_rule(saved.rule_id)
        seen.add((len(loaded.actions), len(loaded.edges)))
    await writer
    assert all(actions == edges for actions, edges in seen)


async def test_a_save_that_fails_leaves_nothing(edge_store: EdgeStore, pool: asyncpg.Pool) -> None:
    store = EdgeStore(pool, analyze=accept)
    broken = chain(3)
    broken = broken.model_copy(update={"description": "U+0000: \0"})
    with pytest.raises(Unstorable):
        await store.save_rule(broken, catalogue=Catalogue([]))
    for table in ("automation_rules", "rule_actions", "action_edges", "graph_versions", "entities"):
        assert await pool.fetchval(f"SELECT count(*) FROM workflow.{table}") == 0


async def test_the_same_new_rule_saved_at_once_is_one_rule(pool: asyncpg.Pool) -> None:
    store = EdgeStore(pool, analyze=accept)
    saved = await asyncio.gather(*(store.save_rule(chain(3), catalogue=Catalogue([])) for _ in range(4)))
    assert len({item.rule_id for item in saved}) == 1
    assert sum(item.created for item in saved) == 1


async def test_every_version_stays(pool: asyncpg.Pool) -> None:
    store = EdgeStore(pool, analyze=accept)
    versions = [(await store.save_rule(chain(length), catalogue=Catalogue([]))).version for length in (1, 2, 1, 3)]
    assert versions[0] == versions[2]
    kept = await pool.fetch("SELECT hash FROM workflow.graph_versions")
    assert {row["hash"] for row in kept} == set(versions)


async def test_a_version_that_was_removed_is_written_again(pool: asyncpg.Pool, event: EntityEvent) -> None:
    store = EdgeStore(pool, analyze=accept)
    saved = await store.save_rule(chain(2), catalogue=Catalogue([]))
    await store.pin_run(saved.rule_id, event)
    await pool.execute("TRUNCATE workflow.automation_executions, workflow.graph_versions CASCADE")
    assert (await store.pin_run(saved.rule_id, event)).created


@pytest.fixture
async def call(
    edge_store: EdgeStore, approval: Rule, catalogue: Catalogue, event: EntityEvent, new_call: NewCall
) -> ActionCall:
    """A call of an action of a run in the store."""
    saved = await edge_store.save_rule(approval, catalogue=catalogue)
    return new_call((await edge_store.pin_run(saved.rule_id, event)).execution_id)


async def test_effects_and_result_are_one(edge_store: EdgeStore, pool: asyncpg.Pool, call: ActionCall) -> None:
    await pool.execute("CREATE TABLE effects (n int)")

    async def act(fail: bool) -> None:
        async with edge_store.journal.transaction(call) as transaction:
            assert await transaction.execute("INSERT INTO effects SELECT generate_series(1, $1)", 3) == 3
            assert len(await transaction.fetch("SELECT n FROM effects")) == 3
            await transaction.record({"n": 3})
            if fail:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act(fail=True)
    assert await pool.fetchval("SELECT count(*) FROM effects") == 0
    await act(fail=False)
    with pytest.raises(ActionError, match="result already"):
        await act_again(edge_store, call)
    assert await pool.fetchval("SELECT count(*) FROM effects") == 3


async def act_again(store: EdgeStore, call: ActionCall) -> None:
    """Act without asking whether it was done."""
    async with store.journal.transaction(call) as transaction:
        await transaction.execute("INSERT INTO effects VALUES (99)")
        await transaction.record({"n": 1})


async def test_a_killed_attempt_frees_its_action(edge_store: EdgeStore, call: ActionCall) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with edge_store.journal.transaction(call) as transaction:
            inside.set()
            await transaction.fetch("SELECT pg_sleep(60)")

    attempt = asyncio.create_task(hang())
    await inside.wait()
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    async with edge_store.journal.transaction(call) as transaction:
        assert transaction.recorded is None


@pytest.mark.parametrize(
    ("query", "arguments", "type_"),
    [
        ("SELECT 1 / $1::int", (0,), "value"),
        ("SELECT $1::uuid", ("no uuid",), "value"),
        ("SELECT * FROM nowhere", (), "database"),
        ("INSERT INTO workflow.trigger_types (name) VALUES ('manual')", (), "value"),
    ],
)
async def test_a_refused_statement_is_an_action_error(
    edge_store: EdgeStore, call: ActionCall, query: str, arguments: tuple[Any, ...], type_: str
) -> None:
    async with edge_store.journal.transaction(call) as transaction:
        with pytest.raises(ActionError) as refused:
            await transaction.fetch(query, *arguments)
    assert (refused.value.type, refused.value.retryable) == (type_, False)


async def test_a_result_that_cannot_be_stored_is_no_retry(edge_store: EdgeStore, call: ActionCall) -> None:
    for value in ("U+0000: \0", "\ud800", float("nan")):
        with pytest.raises(ActionError) as refused:
            await edge_store.journal.completed(call, {"body": value})
        assert (refused.value.type, refused.value.retryable) == ("value", False)


async def test_the_journal_of_a_run_that_is_not_there(edge_store: EdgeStore, new_call: NewCall) -> None:
    with pytest.raises(ActionError) as refused:
        await edge_store.journal.started(new_call(str(uuid4())))
    assert not refused.value.retryable


async def test_a_database_without_tables_says_what_to_do(empty_pool: asyncpg.Pool) -> None:
    with pytest.raises(SchemaMissing, match="ichor migrate"):
        await EdgeStore(empty_pool).load_rule(RuleId(str(uuid4())))


async def test_a_server_that_is_away_is_told_without_the_password() -> None:
    with pytest.raises(StoreUnavailable) as told:
        await connect(f"postgresql://ichor:hidden@127.0.0.1:{free_port()}/ichor")
    assert told.value.retryable
    assert "hidden" not in str(told.value)


@pytest.mark.parametrize("address", ["mysql://u:hidden@h/d", "postgresql://u:hidden@h:port/d", "hidden"])
async def test_an_address_that_cannot_be_read_is_not_shown(address: str) -> None:
    with pytest.raises(InvalidAddress) as told:
        await connect(address)
    assert "hidden" not in str(told.value)
    assert told.value.__cause__ is None


async def test_a_missing_authority_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    with pytest.raises(InvalidAddress, match="verify-full and verify-ca need sslrootcert"):
        await connect("postgresql://u:hidden@h/d?sslmode=verify-full")


@pytest.mark.parametrize("parameter", ["sslmod=require", "statement_timeout=soon"])
async def test_a_parameter_that_the_server_refuses_is_named(postgres_database: Database, parameter: str) -> None:
    with pytest.raises(InvalidAddress, match=parameter.partition("=")[0]):
        await connect(f"{postgres_database.url}?{parameter}")


async def test_a_server_that_stops_is_unavailable(edge_store: EdgeStore, pool: asyncpg.Pool) -> None:
    await edge_store.ping()
    await pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    await pool.close()
    with pytest.raises(StoreUnavailable):
        await edge_store.ping()


async def test_a_session_keeps_utc_and_its_name(postgres_database: Database) -> None:
    async with connected(postgres_database.url, application="ichor-test", prepared_statements=False) as pool:
        assert await pool.fetchval("SHOW timezone") == "UTC"
        assert await pool.fetchval("SHOW application_name") == "ichor-test"
        assert await pool.fetchval("""SELECT '{"a": [1, 1.0, null]}'::jsonb""") == {"a": [1, 1.0, None]}


async def test_rules_of_an_entity_are_found_by_an_index(pool: asyncpg.Pool) -> None:
    """10,000 rules of 100 entities, 25 of which listen: the plan reads those only."""
    await pool.execute(
        """
        INSERT INTO workflow.entities (name, entity_type_id)
        SELECT 'entity ' || n, t.id FROM generate_series(0, 99) n, workflow.entity_types t WHERE t.name = 'table';
        INSERT INTO workflow.automation_rules (name, entity_id, trigger_type_id, trigger_conditions)
        SELECT 'rule ' || n, e.id, t.id, '{"field_conditions": []}'
        FROM generate_series(0, 9999) n
        JOIN workflow.entities e ON e.name = 'entity ' || n % 100
        JOIN workflow.trigger_types t
            ON t.name = (ARRAY['on_create', 'on_update', 'on_delete', 'manual'])[1 + n / 100 % 4];
        ANALYZE workflow.automation_rules;
        ANALYZE workflow.entities;
        ANALYZE workflow.trigger_types;
        """
    )
    assert len(await EdgeStore(pool).candidates("entity 7", "on_update")) == 25
    plan = await pool.fetch("EXPLAIN " + load_queries("rules")["candidates"], "entity 7", "on_update")
    assert "Seq Scan on automation_rules" not in "\n".join(row[0] for row in plan)
