"""Transactions, and the connections that they leave behind."""

import asyncio

import ichor_testing
import pytest
from ichor_edgestore import StoreError, connected
from ichor_edgestore.database import Database, Session


async def test_a_connection_that_cannot_roll_back_is_not_used_again(postgres_database: ichor_testing.Database) -> None:
    async with connected(postgres_database.url, max_size=1) as pool:
        database, left = Database(pool), list[asyncio.Task[object]]()

        async def leave_in_the_middle(session: Session) -> None:
            left.append(asyncio.create_task(session.rows("SELECT pg_sleep(60)")))
            with pytest.raises(StoreError):  # the driver is busy with the first
                await asyncio.wait_for(again(session), 30)
            raise RuntimeError("in the middle")

        async def again(session: Session) -> None:
            while True:
                await asyncio.sleep(0)
                await session.rows("SELECT 1")

        async def fail() -> None:
            async with database.transaction() as session:
                await leave_in_the_middle(session)

        with pytest.raises(RuntimeError):
            await fail()
        assert (await database.row("SELECT 1 AS one")) == (1,)
        with pytest.raises(StoreError):
            await left[0]
