"""The worker's link to the database."""

import asyncio

import asyncpg
from ichor_edgestore import EdgeStore, InvalidAddress, SchemaError, connect, require_schema
from ichor_models.structure import fatal_problems
from ichor_service import InvalidSetting, Link, Settings, Unavailable, variable

_CONNECTIONS = 20
_CLOSE_SECONDS = 1.0


class Store(EdgeStore):
    """The store, with a question that shows whether it is there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool, check_structure=fatal_problems)
        self._pool = pool

    async def ping(self) -> None:
        """Raise where the database does not answer."""
        await self._pool.fetchval("SELECT 1")

    async def close(self) -> None:
        """Close the connections, by force where they are still in use."""
        try:
            await asyncio.wait_for(self._pool.close(), _CLOSE_SECONDS)
        except TimeoutError:
            self._pool.terminate()


def store_link(settings: Settings) -> Link[Store]:
    """Return the link; it refuses a database that this release cannot work with."""
    url = settings.database_url.get_secret_value() if settings.database_url else ""

    async def open_store() -> Store:
        try:
            pool = await connect(url, application="ichor-worker", max_size=_CONNECTIONS)
        except InvalidAddress as error:
            raise InvalidSetting(f"{variable('database_url')} is wrong: {error}") from None
        try:
            await require_schema(pool)
        except BaseException as error:
            pool.terminate()
            raise Unavailable(str(error)) if isinstance(error, SchemaError) else error from None
        return Store(pool)

    return Link(open_store, Store.ping, Store.close)
