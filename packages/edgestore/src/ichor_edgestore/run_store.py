"""What a store of runs does; `EdgeStore` and `MemoryStore` do it alike."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from ichor_models import EntityEvent, ExecutionId, RuleId, RunRecord

from ichor_edgestore.pinned_run import PinnedRun
from ichor_edgestore.run_filter import ALL_RUNS, RunFilter
from ichor_edgestore.run_view import RunSummary, RunView


class RunStore(Protocol):
    """Pins, writes down and shows runs; `PostgresRuns` says what each method raises."""

    async def pin_run(self, rule_id: RuleId, event: EntityEvent, *, source: str = "automation") -> PinnedRun: ...

    async def rerun(self, execution_id: ExecutionId) -> PinnedRun: ...

    async def run_started(self, execution_id: ExecutionId) -> None: ...

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> None: ...

    async def pending_runs(self, older_than: timedelta, *, limit: int = 100) -> Sequence[PinnedRun]: ...

    async def list_runs(self, wanted: RunFilter = ALL_RUNS) -> Sequence[RunSummary]: ...

    async def get_run(self, run: str) -> RunView: ...
