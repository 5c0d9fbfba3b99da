"""The outbox as relays empty it: in batches that hold entities."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, Refusal, StoreUnavailable


async def emit(pool: asyncpg.Pool, *names: str) -> None:
    """Emit events with ids like `a1`: the entity, and a number."""
    for name in names:
        await pool.execute("SELECT workflow.emit_event('on_update', 'orders', $1, event_id => $2)", name[0], name)


async def test_a_batch_holds_entities_and_others_take_the_rest(pool: asyncpg.Pool, edge_store: EdgeStore) -> None:
    await emit(pool, "a1", "b1", "a2")
    async with edge_store.outbox.batch(entities=1) as first:
        assert [event.event_id for event in first.events] == ["a1", "a2"]
        async with edge_store.outbox.batch() as second:
            assert [event.event_id for event in second.events] == ["b1"]
            await emit(pool, "a3", "c1")
            async with edge_store.outbox.batch() as third:
                assert [event.event_id for event in third.events] == ["c1"]
            await second.settle(second.events, ())
        await first.settle(first.events[:1], ())
    async with edge_store.outbox.batch() as rest:
        assert [event.event_id for event in rest.events] == ["a2", "a3", "c1"]
        assert [event.routing_key for event in rest.events] == ["orders.on_update"] * 3


async def test_a_batch_ends_with_the_event_that_makes_it_large(pool: asyncpg.Pool, edge_store: EdgeStore) -> None:
    await emit(pool, "a1", "b1", "a2", "b2")
    size = await pool.fetchval("SELECT octet_length(payload::text) FROM workflow.outbox WHERE event_id = 'a1'")
    taken: list[list[str]] = []
    for most in (1, size + 1, size * 9):
        async with edge_store.outbox.batch(size=most) as batch:
            taken.append([event.event_id for event in batch.events])
            await batch.settle(batch.events, ())
    assert taken == [["a1"], ["b1", "a2"], ["b2"]]


async def test_a_batch_measures_no_more_events_than_it_takes(pool: asyncpg.Pool, edge_store: EdgeStore) -> None:
    """To write out many large ones takes longer than a statement may; this one has more than a gigabyte, and cannot."""
    await emit(pool, "a1", "b1")
    await pool.execute("ALTER TABLE workflow.outbox DROP CONSTRAINT outbox_countable")
    await pool.execute(
        "UPDATE workflow.outbox SET payload = ("
        " SELECT jsonb_build_object('n', jsonb_agg(1e-16000::numeric)) FROM generate_series(1, 70000)"
        ") WHERE event_id = 'b1'"
    )
    async with edge_store.outbox.batch(size=1) as batch:
        assert [event.event_id for event in batch.events] == ["a1"]


async def test_no_more_is_read_of_a_trace_than_one_has(pool: asyncpg.Pool, edge_store: EdgeStore) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('ichor.traceparent', repeat('x', 1000000), true)")
        await connection.execute("SELECT workflow.emit_event('on_update', 'orders', 'a')")
    async with edge_store.outbox.batch() as batch:
        assert [event.traceparent for event in batch.events] == ["x" * 56]


async def test_a_batch_that_is_broken_off_changes_nothing(pool: asyncpg.Pool, edge_store: EdgeStore) -> None:
    await emit(pool, "a1")

    async def broken_off() -> None:
        async with edge_store.outbox.batch() as batch:
            await batch.settle(batch.events, ())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken_off()
    async with edge_store.outbox.batch() as batch:
        assert [event.event_id for event in batch.events] == ["a1"]


async def test_a_refused_event_holds_up_its_entity_until_it_is_given_up(
    pool: asyncpg.Pool, edge_store: EdgeStore
) -> None:
    await emit(pool, "a1", "a2", "b1")
    async with edge_store.outbox.batch() as batch:
        await batch.settle((), [Refusal(batch.events[0], "no", timedelta(hours=1))])
    async with edge_store.outbox.batch() as batch:
        assert [event.event_id for event in batch.events] == ["b1"]
    await pool.execute("UPDATE workflow.outbox SET next_attempt_at = now() - interval '1s'")
    async with edge_store.outbox.batch() as batch:
        assert [(event.event_id, event.attempts) for event in batch.events[:2]] == [("a1", 1), ("a2", 0)]
        await batch.settle((), [Refusal(batch.events[0], "no\0", None)])
    async with edge_store.outbox.batch() as batch:
        assert [event.event_id for event in batch.events] == ["a2", "b1"]
    row = await pool.fetchrow("SELECT state, attempts, last_error FROM workflow.outbox WHERE event_id = 'a1'")
    assert row
    assert tuple(row.values()) == ("failed", 2, "no\ufffd")


async def test_an_entity_with_very_many_events_that_wait_holds_up_no_other(
    pool: asyncpg.Pool, edge_store: EdgeStore
) -> None:
    await pool.execute(
        "INSERT INTO workflow.outbox (event_id, entity_name, entity_id, event_type, payload, next_attempt_at)"
        " SELECT n::text, 'orders', 'a', 'on_update', '{}', now() + CASE n WHEN 1 THEN interval '1h' ELSE '0s' END"
        " FROM generate_series(1, 10000) n"
    )
    await pool.execute("ANALYZE workflow.outbox")
    await emit(pool, "b1")
    async with asyncio.timeout(30), edge_store.outbox.batch() as batch:
        assert [event.event_id for event in batch.events] == ["b1"]


@pytest.mark.parametrize("row", ["'a'", "n::text"])
async def test_an_event_waits_for_no_burst_of_another_name(row: str, pool: asyncpg.Pool, edge_store: EdgeStore) -> None:
    await pool.execute(
        "INSERT INTO workflow.outbox (event_id, entity_name, entity_id, event_type, payload)"
        f" SELECT n::text, 'parcels', {row}, 'on_update', '{{}}' FROM generate_series(1, 10000) n"
    )
    await emit(pool, "a1")
    async with edge_store.outbox.batch() as batch:
        names = [event.event_id for event in batch.events]
    assert names[-1] == "a1"
    assert names[:-1] == [str(number) for number in range(1, len(names))]


async def test_what_waits_behind_many_of_its_name_has_its_turn(pool: asyncpg.Pool, edge_store: EdgeStore) -> None:
    await pool.execute(
        "INSERT INTO workflow.outbox (event_id, entity_name, entity_id, event_type, payload, next_attempt_at)"
        " SELECT n::text, 'parcels', NULL, 'on_update', '{}', now() + interval '1 hour' FROM generate_series(1, 2100) n"
    )
    await pool.execute("SELECT workflow.emit_event('on_update', 'parcels', '7', event_id => 'behind')")
    taken: list[str] = []
    for number in range(10):
        await emit(pool, f"a{number}")
        async with edge_store.outbox.batch() as batch:
            taken += [event.event_id for event in batch.events]
            await batch.settle(batch.events, ())
    assert sorted(taken) == [*(f"a{number}" for number in range(10)), "behind"]


async def test_an_event_that_somebody_else_locked_holds_up_the_later_ones(
    pool: asyncpg.Pool, edge_store: EdgeStore
) -> None:
    await emit(pool, "a1", "a2", "a3")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM workflow.outbox WHERE event_id = 'a2' FOR UPDATE")
        async with edge_store.outbox.batch() as batch:
            assert [event.event_id for event in batch.events] == ["a1"]


async def test_a_signal_comes_with_the_commit_and_ends_with_its_connection(
    pool: asyncpg.Pool, edge_store: EdgeStore
) -> None:
    async with edge_store.outbox.listening() as signal:
        await signal.wait(0.01)
        await emit(pool, "a1")
        await asyncio.wait_for(signal.wait(600), 30)
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
        with pytest.raises(StoreUnavailable):
            await signal.wait(600)
