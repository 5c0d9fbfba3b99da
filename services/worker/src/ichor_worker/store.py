"""The worker's link to the database."""

from ichor_edgestore import EdgeStore, InvalidAddress, SchemaError, connect, require_schema
from ichor_service import InvalidSetting, Link, Settings, Unavailable, variable

_CONNECTIONS = 20


def store_link(settings: Settings) -> Link[EdgeStore]:
    """Return the link; it refuses a database that this release cannot work with."""
    url = settings.database_url.get_secret_value() if settings.database_url else ""

    async def open_store() -> EdgeStore:
        try:
            pool = await connect(url, application="ichor-worker", max_size=_CONNECTIONS)
            await require_schema(pool)
        except InvalidAddress as error:
            raise InvalidSetting(f"{variable('database_url')} is wrong: {error}") from None
        except SchemaError as error:
            raise Unavailable(str(error)) from None
        return EdgeStore(pool)

    return Link(open_store, EdgeStore.ping)
