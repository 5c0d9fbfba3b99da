"""The query that gives the roles of people."""

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, InvalidRoleQuery
from ichor_models import Person


async def test_ids_may_be_numbers(pool: asyncpg.Pool) -> None:
    await pool.execute("CREATE TABLE app_roles (user_id bigint, role text)")
    await pool.execute("INSERT INTO app_roles VALUES (17, 'boss')")
    store = EdgeStore(pool, roles_sql="SELECT role FROM app_roles WHERE user_id = $1::bigint")
    assert [await store.roles_of(Person(id=id)) for id in ("17", "18", "Ada")] == [("boss",), (), ()]
    uncast = EdgeStore(pool, roles_sql="SELECT role FROM app_roles WHERE user_id = $1")
    with pytest.raises(InvalidRoleQuery, match="operator does not exist: bigint = text"):
        await uncast.roles_of(Person(id="Ada"))


async def test_a_query_of_roles_asks_for_somebody(pool: asyncpg.Pool) -> None:
    with pytest.raises(InvalidRoleQuery, match="holds no \\$1"):
        EdgeStore(pool, roles_sql="SELECT 'boss'")
