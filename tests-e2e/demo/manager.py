"""An example of a person who decides: a manager who looks for what waits for her, and approves it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from ichor_edgestore import ApprovalFilter, EdgeStore
from ichor_models import Person

MANAGER = Person(id="b0000000-0000-0000-0000-000000000001", name="Mary")
_PAUSE = 0.2


@asynccontextmanager
async def deciding(store: EdgeStore, say: Callable[[str], None]) -> AsyncGenerator[None]:
    """Approve what the manager is asked, until the block ends."""

    async def decide() -> None:
        while True:
            for approval in await store.list_approvals(ApprovalFilter(status="pending", asked=MANAGER)):
                say(f"{MANAGER.name} is asked: {approval.message} She approves.")
                await store.vote(approval.approval_id, MANAGER, approves=True, reason="a good customer")
            await asyncio.sleep(_PAUSE)

    work = asyncio.create_task(decide())
    try:
        yield
    finally:
        work.cancel()
