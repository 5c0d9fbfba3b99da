"""The outbox: an event is there exactly if its transaction was committed."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, EventTooLarge, MemoryStore, Unstorable, emit_event, migrate
from ichor_models import ActionCall, Catalogue, EntityEvent, EventType, Lineage, RowChange, Rule, parse_event
from ichor_testing.database import Database

HERE = Path(__file__).parent
EMIT = "SELECT workflow.emit_event('on_update', 'orders', '17', event_id => $1)"


async def events(pool: asyncpg.Pool) -> list[EntityEvent]:
    """Return what waits in the outbox, in its order, as the trigger will read it."""
    rows = await pool.fetch("SELECT payload::text AS body FROM workflow.outbox ORDER BY seq")
    return [parse_event(row["body"].encode()) for row in rows]


async def test_an_event_is_there_with_all_that_was_given(pool: asyncpg.Pool) -> None:
    given = await pool.fetchval(
        """
        SELECT workflow.emit_event(
            'on_update', 'sales.orders', '17', '{"total": 1500.10, "note": null}',
            field_changes => '{"status": {"old_value": null, "new_value": "held"}}',
            user_id => 'u-1', event_id => 'e-1',
            lineage => '{"root": "e-0", "depth": 1, "visited": ["r:1"]}'
        )
        """
    )
    (event,) = await events(pool)
    assert given == "e-1"
    assert event.timestamp
    assert event.model_dump(mode="json", exclude={"timestamp"}) == {
        "event_id": "e-1",
        "event_type": "on_update",
        "entity_name": "orders",
        "entity_id": "17",
        "user_id": "u-1",
        "raw_data": {"total": 1500.1, "note": None},
        "field_changes": {"status": {"old_value": None, "new_value": "held"}},
        "lineage": {"root": "e-0", "depth": 1, "visited": ["r:1"]},
    }


async def test_an_event_without_an_id_gets_one(pool: asyncpg.Pool) -> None:
    made = [await pool.fetchval("SELECT workflow.emit_event('manual', 'orders', NULL, NULL)") for _ in range(2)]
    found = await events(pool)
    assert [event.event_id for event in found] == made
    assert len(set(made)) == 2
    assert (found[0].entity_id, found[0].raw_data, found[0].lineage) == (None, {}, None)


async def test_the_event_exists_exactly_if_the_transaction_was_committed(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        taken_back = connection.transaction()
        await taken_back.start()
        await connection.execute(EMIT, "taken back")
        await taken_back.rollback()
        async with connection.transaction():
            await connection.execute(EMIT, "committed")
            assert not await events(pool)
    assert [event.event_id for event in await events(pool)] == ["committed"]


async def test_the_same_event_twice_is_there_once(pool: asyncpg.Pool) -> None:
    assert [await pool.fetchval(EMIT, "e-1") for _ in range(2)] == ["e-1", "e-1"]
    assert len(await events(pool)) == 1


async def test_a_whole_event_is_emitted_as_it_is(pool: asyncpg.Pool, edge_store: EdgeStore) -> None:
    whole = {
        "event_id": "e-1",
        "event_type": "on_update",
        "entity_name": "orders",
        "entity_id": "17",
        "user_id": "u-1",
        "timestamp": "2026-11-23T20:00:00Z",
        "raw_data": {"total": 1500, "note": None},
        "field_changes": {"status": {"old_value": None, "new_value": "held"}},
    }
    event = EntityEvent.model_validate(whole)
    await edge_store.outbox.emit(event, 1000)
    await edge_store.outbox.emit(event.model_copy(update={"timestamp": datetime.now(UTC)}), 1000)
    assert await events(pool) == [event]
    with pytest.raises(EventTooLarge, match="100 are allowed"):
        await edge_store.outbox.emit(event.model_copy(update={"event_id": "e-2"}), 100)
    with pytest.raises(Unstorable, match="entity_id"):
        await edge_store.outbox.emit(event.model_copy(update={"event_id": "e-3", "entity_id": "ü" * 200}), 1000)
    assert await events(pool) == [event]


async def test_listeners_are_told_at_the_commit(pool: asyncpg.Pool, postgres_database: Database) -> None:
    listener = await asyncpg.connect(postgres_database.url)
    heard = asyncio.Event()

    def hear(*_: object) -> None:
        heard.set()

    try:
        await listener.add_listener("ichor_outbox", hear)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(EMIT, "e-1")
            assert not heard.is_set()
        await asyncio.wait_for(heard.wait(), 30)
    finally:
        await listener.close()


def nested(depth: int) -> object:
    """Return lists within lists."""
    return [nested(depth - 1)] if depth > 1 else []


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"event_type": "on_insert"}, "event_type is 'on_insert'", "Give one of on_create"),
    ({"event_type": None}, "event_type is null", "Give one of on_create"),
    ({"entity_name": None}, "entity_name is missing", "Give entity_name a text"),
    ({"entity_name": ""}, "entity_name is missing", "Give entity_name a text"),
    ({"entity_name": "ö" * 130}, "entity_name has 130 characters, 260 bytes", "at most 200 characters"),
    ({"entity_id": "x" * 201}, "entity_id has 201 characters", "at most 200 characters"),
    ({"entity_id": ""}, "entity_id is missing", "Give entity_id a text"),
    ({"user_id": "x" * 201}, "user_id has 201 characters", "at most 200 characters"),
    ({"event_id": ""}, "event_id is missing", "Give event_id a text"),
    ({"event_id": "x" * 201}, "event_id has 201 characters", "at most 200 characters"),
    ({"raw_data": [1]}, "raw_data is JSON of the type array", "as an object"),
    ({"raw_data": {"ichor.stored": {}}}, "raw_data has the key ichor.stored", "Leave it out"),
    ({"field_changes": {"status": "held"}}, "field_changes is of another form", "old_value"),
    ({"field_changes": ["status"]}, "field_changes is of another form", "old_value"),
    ({"lineage": {"root": "e", "depth": -1}}, "lineage is of another form", "Pass on the lineage"),
    ({"lineage": {"root": "e", "depth": 1.5}}, "lineage is of another form", "Pass on the lineage"),
    ({"lineage": {"root": "e", "depth": "1"}}, "lineage is of another form", "Pass on the lineage"),
    ({"field_changes": {"status": [{}]}}, "field_changes is of another form", "old_value"),
    ({"lineage": {"root": "e", "depth": [1]}}, "lineage is of another form", "Pass on the lineage"),
    ({"lineage": {"depth": 1}}, "lineage is of another form", "Pass on the lineage"),
    ({"lineage": {"root": "e"}}, "lineage is of another form", "Pass on the lineage"),
    ({"lineage": {"root": "e", "depth": 1, "visited": [1]}}, "lineage is of another form", "Pass on the lineage"),
    (
        {"lineage": {"root": "e", "depth": 1, "visited": [["a"]]}},
        "lineage is of another form",
        "Pass on the lineage",
    ),
    ({"lineage": {"root": "e", "depth": 1, "visited": {}}}, "lineage is of another form", "Pass on the lineage"),
    ({"lineage": {"root": "e", "depth": 1, "more": 1}}, "lineage is of another form", "Pass on the lineage"),
    ({"lineage": "e"}, "lineage is of another form", "Pass on the lineage"),
    ({"lineage": {"root": "e" * 201, "depth": 1}}, "lineage is too long", "at most 200 characters"),
    ({"lineage": {"root": "e", "depth": 1, "visited": ["r:1"] * 33}}, "lineage is too long", "the last 32 items"),
    ({"lineage": {"root": "e", "depth": 1, "visited": ["r" * 251]}}, "lineage is too long", "250 characters"),
    (
        {"field_changes": {"a": {"new_value": 1}, "status": {"old": 1, "new_value": 2}}},
        "field_changes.status has the key 'old'",
        'Give {"<field>"',
    ),
    ({"raw_data": {"a": nested(99)}}, "nested more than 100 deep", "Give less of raw_data"),
    ({"field_changes": {"a": {"new_value": nested(98)}}}, "nested more than 100 deep", "Give less of raw_data"),
    ({"raw_data": {"a": [10**4200]}}, "a number of 4201 characters", "Give the number as text"),
    ({"raw_data": {"a": -(10**4200)}}, "a number of 4202 characters", "Give the number as text"),
]


@pytest.mark.parametrize(("wrong", "said", "mend"), WRONG)
async def test_what_no_trigger_could_use_is_refused(
    pool: asyncpg.Pool, wrong: dict[str, Any], said: str, mend: str
) -> None:
    whole = {"event_type": "on_create", "entity_name": "orders", "entity_id": "17", **wrong}
    arguments = ", ".join(f"{name} => ${place}" for place, name in enumerate(whole, 1))
    with pytest.raises(asyncpg.InvalidParameterValueError) as refused:
        await pool.execute(f"SELECT workflow.emit_event({arguments})", *whole.values())
    assert said in str(refused.value)
    assert mend in (refused.value.hint or "")
    assert not await events(pool)


SMALL_AS_JSONB = "(SELECT jsonb_build_object('n', jsonb_agg(1e-16000::numeric)) FROM generate_series(1, 4500))"


@pytest.mark.parametrize("row", ["jsonb_build_object('text', repeat('x', 64 * 1024 * 1024))", SMALL_AS_JSONB])
async def test_what_is_too_large_for_any_trigger_is_refused(pool: asyncpg.Pool, row: str) -> None:
    """What has a gigabyte as a text could not be read from the outbox, and with it no other event."""
    with pytest.raises(asyncpg.InvalidParameterValueError, match="the event has more than 64 MiB"):
        await pool.execute(f"SELECT workflow.emit_event('on_create', 'orders', '17', {row})")


async def test_what_is_just_small_enough_can_be_read(pool: asyncpg.Pool) -> None:
    row = {"a": nested(98), "n": [10**4199, 10**400, -0.5]}
    await pool.execute("SELECT workflow.emit_event('on_create', 'orders', '17', $1)", row)
    (event,) = await events(pool)
    assert event.raw_data == row


async def test_a_number_that_no_double_holds_is_refused(pool: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError, match="a number of 402 characters"):
        await pool.execute(
            "SELECT workflow.emit_event('on_create', 'orders', '17', jsonb_build_object('n', 1e399::numeric + 0.5))"
        )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"raw_data": {"n": 10**5000}}, "'raw_data.n' cannot be sent: .* give it as text"),
        ({"raw_data": {"n": float("nan")}}, "'raw_data.n' cannot be sent: .* give it as text"),
        ({"raw_data": {"n": nested(120)}}, "'raw_data.n' cannot be sent: it is nested more than 100 deep"),
        ({"raw_data": {"n": nested(99)}}, "nested more than 100 deep"),
        ({"raw_data": {"a": 1, "x": ["a\0b"]}}, "'raw_data.x' cannot be sent: .* U.0000; leave that out"),
        ({"raw_data": {"x": "\ud800"}}, "'raw_data.x' cannot be sent: .* half a character"),
        ({"raw_data": {"x": object()}}, "'raw_data.x' cannot be sent: object has no JSON form; give it as text"),
        ({"raw_data": {(1, 2): 3}}, "cannot be sent: keys must be"),
        ({"raw_data": [1]}, "raw_data is of the type list; give an object"),
        ({"field_changes": "x"}, "field_changes is of the type str; give an object"),
        ({"field_changes": {"x": [1]}}, "field_changes is of another form"),
        ({"entity_id": "a\0b"}, "'entity_id' cannot be sent: .* U.0000"),
        ({"entity_id": 17}, "entity_id is of the type int; give text"),
    ],
)
async def test_the_client_refuses_what_no_trigger_reads(pool: asyncpg.Pool, wrong: dict[str, Any], said: str) -> None:
    async with pool.acquire() as connection:
        with pytest.raises((asyncpg.InvalidParameterValueError, ValueError, TypeError), match=said):
            await emit_event(connection, "on_create", "orders", **wrong)
    assert not await events(pool)


async def test_it_works_in_an_existing_database(empty_pool: asyncpg.Pool) -> None:
    for name in ("ichor_schema.sql", "ichor_rows.sql"):
        await empty_pool.execute((HERE / name).read_text(encoding="utf-8"))
    await migrate(empty_pool)
    await empty_pool.execute(EMIT, "e-1")
    assert [event.event_id for event in await events(empty_pool)] == ["e-1"]


async def test_a_role_of_an_application_needs_few_rights(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("CREATE ROLE shop")
        await connection.execute(
            "GRANT USAGE ON SCHEMA workflow TO shop;"
            "GRANT INSERT (event_id, entity_name, entity_id, event_type, payload) ON workflow.outbox TO shop"
        )
        await connection.execute("SET LOCAL ROLE shop")
        assert await connection.fetchval(EMIT, "e-1") == "e-1"
        await connection.execute("RESET ROLE; DROP OWNED BY shop; DROP ROLE shop")


OTHERS = [
    "jsonb_build_object(text, text, text, text, text, jsonb, text, jsonb) RETURNS jsonb",
    "char_length(text) RETURNS integer",
]


@pytest.mark.parametrize("function", OTHERS)
async def test_no_function_of_the_callers_search_path_is_called(pool: asyncpg.Pool, function: str) -> None:
    """Neither by `emit_event` nor by what it calls."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "CREATE SCHEMA other; SET LOCAL search_path = other, pg_catalog;"
            f"CREATE FUNCTION other.{function} LANGUAGE plpgsql AS 'BEGIN RAISE ''called''; END'"
        )
        await connection.execute(EMIT, "e-1")
        await connection.execute("DROP SCHEMA other CASCADE")
    assert [event.event_id for event in await events(pool)] == ["e-1"]


ODD = [
    "created_at = 'infinity'",
    "created_at = '4713-01-01 BC'",
    "attempts = 2147483647",
    "event_type = repeat('x', 1001)",
    f"payload = {SMALL_AS_JSONB}",
]


@pytest.mark.parametrize("odd", ODD)
async def test_a_row_that_the_relay_cannot_count_with_is_refused(pool: asyncpg.Pool, odd: str) -> None:
    await pool.execute(EMIT, "e-1")
    with pytest.raises(asyncpg.CheckViolationError, match="outbox_countable"):
        await pool.execute(f"UPDATE workflow.outbox SET {odd}")


async def test_the_body_is_json_for_any_reader(pool: asyncpg.Pool) -> None:
    await pool.execute("SELECT workflow.emit_event('on_create', 'orders', '17', $1)", {"a": ["ü", 1.50, None, [True]]})
    body = await pool.fetchval("SELECT payload::text FROM workflow.outbox")
    assert json.loads(body)["raw_data"] == {"a": ["ü", 1.5, None, [True]]}


async def test_the_client_emits_in_the_transaction_at_hand(postgres_database: Database, pool: asyncpg.Pool) -> None:
    connection = await asyncpg.connect(postgres_database.url)
    try:
        async with connection.transaction():
            row = {"total": Decimal("1500.10"), "day": date(2026, 11, 23), "at": datetime(2026, 11, 23, tzinfo=UTC)}
            changes = {"total": {"old_value": None, "new_value": Decimal("1500.10")}}
            made = await emit_event(
                connection, "on_update", "orders", "17", raw_data=row, field_changes=changes, user_id="u-1"
            )
            assert not await events(pool)
        with pytest.raises(asyncpg.InvalidParameterValueError, match="event_type"):
            await emit_event(connection, "on_insert", "orders")
    finally:
        await connection.close()
    (event,) = await events(pool)
    assert event.event_id == made
    assert event.raw_data == {"total": "1500.10", "day": "2026-11-23", "at": "2026-11-23T00:00:00+00:00"}
    assert (event.field_changes or {})["total"].new_value == "1500.10"


async def emitted(store: EdgeStore | MemoryStore) -> list[EntityEvent]:
    """Return what actions emitted, without what only the database adds."""
    if isinstance(store, MemoryStore):
        return store.journal.emitted
    async with store.outbox.batch() as batch:
        return [parse_event(item.body).model_copy(update={"timestamp": None}) for item in batch.events]


async def test_an_action_emits_together_with_its_result(
    store: EdgeStore | MemoryStore,
    approval: Rule,
    catalogue: Catalogue,
    event: EntityEvent,
    new_call: Callable[..., ActionCall],
) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    pinned = await store.pin_run(saved.rule_id, event)
    assert pinned.request.run.event.lineage == event.lineage
    call = new_call(pinned.execution_id, run=pinned.request.run)
    changed = RowChange(event_type=EventType.ON_UPDATE, entity_name="orders", entity_id="4711", raw_data={"a": "\0"})

    async def act(*, fail: bool) -> None:
        async with store.journal.transaction(call) as transaction:
            await transaction.emit(changed, changed.model_copy(update={"entity_id": "4712"}))
            await transaction.emit(changed)
            if fail:
                raise ZeroDivisionError
            await transaction.record({"n": 1})

    with pytest.raises(ZeroDivisionError):
        await act(fail=True)
    assert not await emitted(store)
    await act(fail=False)
    found = await emitted(store)
    assert sorted(item.entity_id or "" for item in found) == ["4711", "4711", "4712"]
    assert len({item.event_id for item in found}) == 3
    lineage = Lineage(root="first", depth=3, visited=("r:1", f"{saved.rule_id}:4711"))
    assert [item.lineage for item in found] == [lineage] * 3


async def test_a_rerun_keeps_the_lineage(
    store: EdgeStore | MemoryStore, approval: Rule, catalogue: Catalogue, event: EntityEvent
) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    pinned = await store.pin_run(saved.rule_id, event)
    assert (await store.rerun(pinned.execution_id)).request.run.event.lineage == event.lineage
