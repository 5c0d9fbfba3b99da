"""What a run writes down about itself, in the store."""

from ichor_edgestore import EdgeStore
from ichor_models import ExecutionId, RunRecord


class Records:
    """The store as the engine's own activities see it."""

    def __init__(self, store: EdgeStore) -> None:
        self._store = store

    async def run_started(self, execution_id: ExecutionId) -> None:
        """Note that a run is under way; one that ended stays ended."""
        await self._store.run_started(execution_id)

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> None:
        """Note how a run ended; the first end stays."""
        await self._store.run_ended(execution_id, record)
