"""The link to the database that a program holds.

It asks whether the database is there on a connection of its own: those for work may all be in use.
"""

from uuid import UUID

from ichor_edgestore import (
    EdgeStore,
    InvalidAddress,
    InvalidRoleQuery,
    SchemaError,
    connect,
    require_schema,
)
from ichor_models import Person
from prometheus_client import CollectorRegistry

from ichor_service.encryption_keys import agree_on_encryption
from ichor_service.errors import InvalidSetting, Unavailable
from ichor_service.link import Link
from ichor_service.run_metrics import RunMetrics
from ichor_service.setting import variable
from ichor_service.settings import Settings


def store_link(
    settings: Settings, application: str, *, registry: CollectorRegistry | None = None, connections: int = 10
) -> Link[EdgeStore]:
    """Return the link; it refuses a database that this release cannot work with. Runs that end are counted."""

    runs = RunMetrics(registry or CollectorRegistry())
    probes: list[EdgeStore] = []

    async def open_store() -> EdgeStore:
        url = settings.database_url.get_secret_value() if settings.database_url else ""
        try:
            pool = await connect(url, application=application, max_size=connections)
        except InvalidAddress as error:
            raise InvalidSetting(f"{variable('database_url')} is wrong: {error}") from None
        try:
            store = EdgeStore(pool, roles_sql=settings.roles_sql, limit=settings.value_limit, ended=runs.ended)
            await require_schema(pool)
            await agree_on_encryption(settings, store)
            # Somebody, to see that the query of roles can be run.
            await store.roles_of(Person(id=str(UUID(int=0))))
            probes.append(EdgeStore(await connect(url, application=f"{application} probe", min_size=0, max_size=1)))
        except BaseException as error:
            pool.terminate()
            if isinstance(error, InvalidRoleQuery):
                raise InvalidSetting(str(error)) from None
            raise Unavailable(f"{error} {error.mend}") if isinstance(error, SchemaError) else error from None
        return store

    async def ask(_: EdgeStore) -> None:
        await probes[0].ping()

    async def close(store: EdgeStore) -> None:
        for opened in (store, *probes):
            await opened.close()

    return Link(open_store, ask, close)
