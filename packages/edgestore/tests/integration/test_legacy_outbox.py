"""The outbox of an existing Ichor: its rows move into ours, each once, in their order."""

import asyncio
import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, SchemaMissing

TABLE = (Path(__file__).parent / "ichor_cascade_outbox.sql").read_text()
INSERT = """
INSERT INTO workflow.cascade_outbox (id, domain, action, event_type, entity_name, payload, lineage)
VALUES ($1, $2, 'updated', $3, $2, $4, $5)
"""


@pytest.fixture
async def legacy(pool: asyncpg.Pool) -> asyncpg.Pool:
    await pool.execute(TABLE)
    return pool


async def leave(
    pool: asyncpg.Pool, number: int, *, entity: str = "orders", type: str = "on_update", **more: Any
) -> str:
    """Leave a row as an existing Ichor does."""
    params = {"entityID": str(UUID(int=7)), "userID": str(UUID(int=8)), "entity": {"number": number}}
    raw = b64encode(json.dumps(params | more.get("params", {})).encode()).decode()
    payload = more.get("payload", {"Domain": entity, "Action": "updated", "RawParams": raw})
    await pool.execute(INSERT, UUID(int=number), entity, type, payload, more.get("lineage"))
    return str(UUID(int=number))


async def moved(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    return [row["payload"] for row in await pool.fetch("SELECT payload FROM workflow.outbox ORDER BY seq")]


async def test_rows_become_events_in_their_order(legacy: asyncpg.Pool, edge_store: EdgeStore) -> None:
    ids = [await leave(legacy, number) for number in (3, 1, 2)]
    assert (await edge_store.legacy_outbox.adopt(2)).moved == 2
    assert (await edge_store.legacy_outbox.adopt(2)).moved == 1
    assert (await edge_store.legacy_outbox.adopt(2)).moved == 0
    events = await moved(legacy)
    assert [event["event_id"] for event in events] == ids
    assert events[0]["raw_data"] == {"number": 3}
    assert (events[0]["entity_id"], events[0]["user_id"]) == (str(UUID(int=7)), str(UUID(int=8)))
    assert not await legacy.fetchval("SELECT count(*) FROM workflow.cascade_outbox")


async def test_what_cannot_be_read_stays_and_holds_up_nothing(legacy: asyncpg.Pool, edge_store: EdgeStore) -> None:
    bad = [
        await leave(legacy, 1, payload={"RawParams": "?"}),
        await leave(legacy, 2, type="on_fire"),
        await leave(legacy, 3, entity="x" * 201),
        await leave(legacy, 4, lineage={"visited": [1]}),
    ]
    good = await leave(legacy, 5)
    adoption = await edge_store.legacy_outbox.adopt()
    assert (adoption.moved, list(adoption.dead)) == (1, bad)
    assert [event["event_id"] for event in await moved(legacy)] == [good]
    rows = await legacy.fetch("SELECT dead, last_error FROM workflow.cascade_outbox ORDER BY seq")
    assert all(row["dead"] for row in rows)
    assert ["RawParams" in rows[0]["last_error"], "event_type is 'on_fire'" in rows[1]["last_error"]] == [True, True]
    assert (await edge_store.legacy_outbox.adopt()).dead == {}


async def test_several_move_each_row_once_and_in_order(legacy: asyncpg.Pool, edge_store: EdgeStore) -> None:
    ids = [await leave(legacy, number) for number in range(1, 31)]

    async def adopt_all() -> None:
        while await legacy.fetchval("SELECT count(*) FROM workflow.cascade_outbox"):
            await edge_store.legacy_outbox.adopt(3)

    await asyncio.gather(*(adopt_all() for _ in range(3)))
    assert [event["event_id"] for event in await moved(legacy)] == ids


async def test_a_locked_row_holds_up_the_later_ones_of_its_name_only(
    legacy: asyncpg.Pool, edge_store: EdgeStore
) -> None:
    names = ("orders", "orders", "users", "orders", "users")
    ids = [await leave(legacy, number, entity=name) for number, name in enumerate(names, start=1)]
    async with legacy.acquire() as other, other.transaction():
        await other.execute("SELECT FROM workflow.cascade_outbox WHERE seq = 2 FOR UPDATE")
        assert (await edge_store.legacy_outbox.adopt()).moved == 3
    assert (await edge_store.legacy_outbox.adopt()).moved == 2
    assert [event["event_id"] for event in await moved(legacy)] == [ids[place] for place in (0, 2, 4, 1, 3)]


async def test_a_row_that_was_published_or_is_dead_is_left_alone(legacy: asyncpg.Pool, edge_store: EdgeStore) -> None:
    for number in (1, 2):
        await leave(legacy, number)
    await legacy.execute("UPDATE workflow.cascade_outbox SET published_at = now() WHERE seq = 1")
    await legacy.execute("UPDATE workflow.cascade_outbox SET dead = true WHERE seq = 2")
    assert (await edge_store.legacy_outbox.adopt()).moved == 0


async def test_a_table_that_is_not_there(edge_store: EdgeStore) -> None:
    with pytest.raises(SchemaMissing, match=r"no table workflow\.cascade_outbox"):
        await edge_store.legacy_outbox.require()
