"""The connection pool, set up so that JSON, time and money mean the same everywhere.

jsonb is read and written as Python values. A Decimal is written as text, as Ichor writes money; ids and times as text.
Sessions keep UTC, since an Ichor database stores times without a zone.

Nothing in a session outlives a transaction, so a pooler in transaction mode (PgBouncer) works: from 1.21 on as it is
(`max_prepared_statements`), before that with `prepared_statements=False`.
"""

import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from ichor_edgestore.errors import InvalidAddress
from ichor_edgestore.failure import store_errors


async def connect(
    dsn: str,
    *,
    application: str = "ichor",
    min_size: int = 1,
    max_size: int = 10,
    connect_timeout: float = 10,
    command_timeout: float = 60,
    prepared_statements: bool = True,
) -> asyncpg.Pool:
    """Open a pool. `connect_timeout` bounds opening a connection and `command_timeout` each statement, in seconds.

    Raises:
        InvalidAddress: the address cannot be read.
        StoreUnavailable: the database cannot be reached.
    """
    with store_errors(), _readable_address():
        return await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=connect_timeout,
            command_timeout=command_timeout,
            statement_cache_size=100 if prepared_statements else 0,
            init=set_codecs,
            reset=_keep,
            server_settings={"application_name": application, "timezone": "UTC"},
        )


@asynccontextmanager
async def connected(dsn: str, **settings: Any) -> AsyncGenerator[asyncpg.Pool]:
    """Yield a pool, opened as `connect` does, and close it afterwards."""
    pool = await connect(dsn, **settings)
    try:
        yield pool
    finally:
        await pool.close()


async def set_codecs(connection: asyncpg.Connection) -> None:
    """Make a connection read and write JSON as Python values."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=encode_json, decoder=json.loads, schema="pg_catalog")


def encode_json(value: object) -> str:
    """Write JSON for the database.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: a value has no JSON form.
    """
    return json.dumps(value, default=_plain, allow_nan=False, separators=(",", ":"))


def _plain(value: object) -> str:
    match value:
        case Decimal() | UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


async def _keep(connection: asyncpg.Connection) -> None:
    """Leave a session as it is: no statement of ours changes it, and the driver's reset costs a round trip each."""


class _readable_address:
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        # A certificate that does not hold is a ValueError, too.
        if isinstance(error, ssl.SSLError):
            return
        if isinstance(error, (asyncpg.exceptions.ClientConfigurationError, ValueError)):
            raise InvalidAddress(
                "The database's address cannot be used; write postgresql://user:password@host:port/database, "
                "behind it only parameters and values of PostgreSQL, as ?sslmode=verify-full&sslrootcert=/ca.pem; "
                "verify-full and verify-ca need sslrootcert."
            ) from None
        # What the driver does not know of the address' parameters it sends to the server as settings of the session.
        if isinstance(error, (asyncpg.UndefinedObjectError, asyncpg.InvalidParameterValueError)):
            raise InvalidAddress(
                f"A parameter of the database's address is wrong: {str(error).splitlines()[0]}; correct or remove it."
            ) from None
