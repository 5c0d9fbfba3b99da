"""The list of approvals, which grows for ever."""

from uuid import UUID

import asyncpg
from ichor_edgestore import ApprovalFilter, EdgeStore, connected
from ichor_edgestore.query_file import load_queries
from ichor_testing.database import Database

FILTERS = (ApprovalFilter(), ApprovalFilter(status="pending"), ApprovalFilter(execution_id=UUID(int=1)))


async def test_each_filter_has_a_plan_of_its_own_however_often_it_is_asked(postgres_database: Database) -> None:
    async with connected(postgres_database.url, max_size=1) as pool:
        store = EdgeStore(pool)
        for _ in range(4):
            assert await store.find_approval(UUID(int=1)) is None
            for wanted in FILTERS:
                assert await store.list_approvals(wanted) == []
        plans = await pool.fetch(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE $1", "%approval_votes%"
        )
    assert [tuple(row) for row in plans] == [(0, 16)]


async def test_a_page_of_all_approvals_is_read_in_the_order_of_an_index(pool: asyncpg.Pool) -> None:
    anything: tuple[object, ...] = (None, None, None, None, None, False, None, [], 50)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(f"EXPLAIN {load_queries('approvals')['list']}", *anything)
    assert any("approval_requests_created_index" in row[0] for row in plan)
