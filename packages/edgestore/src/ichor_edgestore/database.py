"""The pool and its transactions, whose failures are this package's errors."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction
from ichor_models import CURRENT_TRACE

from ichor_edgestore.errors import StoreError
from ichor_edgestore.failure import store_errors
from ichor_edgestore.signal import Signal

type Connection = PoolConnectionProxy[asyncpg.Record]


class Session:
    """A connection within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def rows(self, query: str, *arguments: Any, within: float | None = None) -> list[asyncpg.Record]:
        """Run a query, `within` so many seconds where given, and return its rows."""
        with store_errors():
            return await self._connection.fetch(query, *arguments, timeout=within)

    async def row(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Run a query and return its first row."""
        with store_errors():
            return await self._connection.fetchrow(query, *arguments)

    async def execute(self, query: str, *arguments: Any, within: float | None = None) -> int:
        """Run a statement, `within` so many seconds where given, and return how many rows it touched."""
        with store_errors():
            return touched(await self._connection.execute(query, *arguments, timeout=within))

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """Let what fails in the block undo only what the block did."""
        with store_errors():
            async with self._connection.transaction():
                yield


class Database:
    """A pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Run a query in a transaction of its own and return its rows."""
        with store_errors():
            return await self._pool.fetch(query, *arguments)

    async def row(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Run a query in a transaction of its own and return its first row."""
        with store_errors():
            return await self._pool.fetchrow(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> int:
        """Run a statement in a transaction of its own and return how many rows it touched."""
        with store_errors():
            return touched(await self._pool.execute(query, *arguments))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Session]:
        """Open a transaction that is committed at the end of the block, and rolled back where the block raises."""
        with store_errors():
            connection = await self._pool.acquire()
        try:
            transaction = connection.transaction()
            with store_errors():
                await transaction.start()
                await _tell_trace(connection)
            try:
                yield Session(connection)
            except BaseException:
                await _roll_back(connection, transaction)
                raise
            with store_errors():
                await transaction.commit()
        finally:
            await self._pool.release(connection)

    @asynccontextmanager
    async def listening(self, channel: str) -> AsyncGenerator[Signal]:
        """Listen to the notifications of a channel during the block."""
        signal = Signal()
        with store_errors():
            connection = await self._pool.acquire()
        try:
            with store_errors():
                await connection.add_listener(channel, signal.hear)
            connection.add_termination_listener(signal.end)
            yield signal
        finally:
            with suppress(StoreError), store_errors():
                connection.remove_termination_listener(signal.end)
                await connection.remove_listener(channel, signal.hear)
            await self._pool.release(connection)


def touched(status: str) -> int:
    """Read the number of rows from a command's status, such as `UPDATE 3`."""
    count = status.rpartition(" ")[2]
    return int(count) if count.isdecimal() else 0


async def _tell_trace(connection: Connection) -> None:
    """Let what the transaction writes know the trace that it belongs to (migration 0019)."""
    if (traced := CURRENT_TRACE.get()) is not None:
        await connection.execute("SELECT set_config('ichor.traceparent', $1, true)", str(traced))


async def _roll_back(connection: Connection, transaction: Transaction) -> None:
    """End a transaction without effect; a connection that cannot do that is of no use to anybody else."""
    try:
        with store_errors():
            await transaction.rollback()
    except StoreError:
        connection.terminate()
