"""What the API is linked to: a database of the test's own; Temporal only where a test asks for it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from ichor_edgestore import EdgeStore
from ichor_models import (
    ActionCall,
    Approval,
    Approvers,
    EntityEvent,
    Question,
    RuleId,
    approval_result,
    question_id,
)
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


@pytest.fixture
def ask(pool: asyncpg.Pool, save_rule: Callable[[object], Awaitable[RuleId]]) -> Callable[..., Awaitable[UUID]]:
    """Let a run ask users and roles, and return the approval's id."""
    store = EdgeStore(pool)
    graph = {
        "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
        "edges": [{"source": None, "target": "wait", "type": "start"}],
    }

    async def opened(*users: str, roles: tuple[str, ...] = (), **more: Any) -> UUID:
        rule_id = await save_rule(
            {"name": f"Ask {uuid4()}", "trigger": {"event": "manual", "entity": "orders"}, **graph}
        )
        event = {"event_id": str(uuid4()), "event_type": "manual", "entity_name": "orders"}
        pinned = await store.pin_run(rule_id, EntityEvent.model_validate(event))
        call = ActionCall(run=pinned.request.run, key="ask", name="ask", type="seek_approval", config={})
        asked = Approval(approvers=Approvers(users=tuple(map(UUID, users)), roles=roles), **more)
        await store.journal.started(call)
        async with store.journal.transaction(call) as transaction:
            late = approval_result(question_id(call), "timed_out")
            await transaction.ask(Question(timeout=timedelta(hours=1), approval=asked, on_timeout=late))
        return question_id(call)

    return opened
