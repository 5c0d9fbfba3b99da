"""The store of rules and runs that ICHOR_DATABASE_URL names."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ichor_edgestore import EdgeStore, connected, require_schema
from ichor_service import Settings, load_settings

_CONNECTIONS = 4


@asynccontextmanager
async def edge_store(settings: Settings | None = None) -> AsyncGenerator[EdgeStore]:
    """Yield the store, connected until the block ends.

    Raises:
        InvalidSetting: its address is not set, or cannot be read.
        StoreUnavailable: the database does not answer.
        SchemaError: its tables are not those of this release.
    """
    settings = settings or load_settings(["database_url"])
    async with connected(database_url(settings), max_size=_CONNECTIONS) as pool:
        await require_schema(pool)
        yield EdgeStore(pool, roles_sql=settings.roles_sql, limit=settings.value_limit)


def database_url(settings: Settings | None = None) -> str:
    """Return the database's address.

    Raises:
        InvalidSetting: it is not set.
    """
    url = (settings or load_settings(["database_url"])).database_url
    return url.get_secret_value() if url is not None else ""
