"""What the API is linked to: a database of the test's own; Temporal only where a test asks for it."""

from collections.abc import AsyncGenerator

import pytest_asyncio
from ichor_service import Settings, store_link, temporal_link
from ichor_testing import Database, TemporalServer
from ichor_trigger.links import Links
from pydantic import ByteSize, SecretStr


@pytest_asyncio.fixture(loop_scope="session")
async def links(postgres_database: Database) -> AsyncGenerator[Links]:
    """Links to the database, and to a Temporal that is not there."""
    settings = Settings(database_url=SecretStr(postgres_database.url), max_event_bytes=ByteSize(20_000))
    async with store_link(settings, "ichor-trigger test", connections=4) as store:
        await store.connect()
        yield Links(settings, temporal_link(settings), store)


@pytest_asyncio.fixture(loop_scope="session")
async def temporal_links(links: Links, shared_temporal: TemporalServer, temporal_task_queue: str) -> Links:
    """Links to the database and to Temporal."""
    changes = {
        "temporal_address": shared_temporal.url,
        "temporal_namespace": shared_temporal.namespace,
        "task_queue": temporal_task_queue,
    }
    settings = links.settings.model_copy(update=changes)
    temporal = temporal_link(settings)
    await temporal.connect()
    return Links(settings, temporal, links.store)
