"""Reading a rule's graph from the database, whatever its size."""

import time

from asyncpg import Pool
from effort import Effort
from figure import AtMost, Figure, Spread
from ichor_edgestore import EdgeStore
from ichor_edgestore.database import Database
from ichor_edgestore.rule_loader import load_stored_rule
from ichor_edgestore.stored_graph import read_graph
from ichor_models import RuleId
from ichor_testing import start_postgres
from rows import open_pool, save
from shape import chain

_WANTED = {1000: AtMost(15)}


async def measure(effort: Effort) -> list[Figure]:
    """Measure the first time, when the rows are read into a graph, and the next, when that graph is known."""
    figures: list[Figure] = []
    async with start_postgres() as postgres, open_pool(postgres, max_size=1) as (_, pool):
        store = EdgeStore(pool)
        for size in (10, 100, 1000, 10_000):
            rule_id = await save(store, chain(size).rule.model_copy(update={"id": None, "name": f"chain {size}"}))
            figures += await _measured(pool, rule_id, size, effort.rounds)
    return figures


async def _measured(pool: Pool, rule_id: RuleId, size: int, rounds: int) -> list[Figure]:
    database = Database(pool)
    first, next_ = list[float](), list[float]()
    trips = await _round_trips(pool, database, rule_id)
    for _ in range(rounds):
        read_graph.cache_clear()
        for times in (first, next_):
            began = time.perf_counter()
            stored = await load_stored_rule(database, rule_id)
            times.append((time.perf_counter() - began) * 1000)
            assert len(stored.graph.actions) == size
    return [
        Figure(f"load {size:,} actions", Spread.of(first), "ms", _WANTED.get(size)),
        Figure(f"  the next time, {size:,}", Spread.of(next_), "ms"),
        Figure(f"  round trips, {size:,}", Spread.of([trips]), "", AtMost(1)),
    ]


async def _round_trips(pool: Pool, database: Database, rule_id: RuleId) -> float:
    """Return how many statements it takes; the pool has one connection."""
    statements: list[object] = []
    await load_stored_rule(database, rule_id)
    async with pool.acquire() as connection:
        connection.add_query_logger(statements.append)
    await load_stored_rule(database, rule_id)
    async with pool.acquire() as connection:
        connection.remove_query_logger(statements.append)
    return float(len(statements))
