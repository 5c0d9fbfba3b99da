"""The store in memory: the twin of `EdgeStore`, for tests and for trying things out."""

from uuid import UUID

from ichor_models import DEFAULT_LIMIT, ActionCall, ActionState, ExecutionId, RunRecord, ValueLimit, analyze_rule
from ichor_models.structure import fatal_problems

from ichor_edgestore.memory_approvals import MemoryApprovals
from ichor_edgestore.memory_journal import MemoryJournal
from ichor_edgestore.memory_rules import MemoryRules
from ichor_edgestore.memory_runs import MemoryRuns
from ichor_edgestore.pinned_run import CheckStructure
from ichor_edgestore.run_view import RunView
from ichor_edgestore.saving import Analyze


class MemoryStore(MemoryRules, MemoryRuns, MemoryApprovals):
    """Rules, graphs, runs, questions and approvals in memory; what it holds ends with the process."""

    def __init__(
        self,
        *,
        analyze: Analyze = analyze_rule,
        check_structure: CheckStructure = fatal_problems,
        limit: ValueLimit = DEFAULT_LIMIT,
    ) -> None:
        self.journal = MemoryJournal()
        self.values = self.journal.values
        MemoryRules.__init__(self, analyze)
        MemoryRuns.__init__(self, self.load_rule, check_structure, self.journal)
        MemoryApprovals.__init__(self, self.journal, self.status_of, limit)
        self.journal.questions = self

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> bool:
        is_first = await super().run_ended(execution_id, record)
        self.close_all(execution_id)
        return is_first

    async def get_run(self, run: str) -> RunView:
        view = await super().get_run(run)
        return view.model_copy(update={"awaits": tuple(self.awaited(view.execution_id))})

    async def reply_lost(self, id: UUID) -> bool:
        kept = self.kept(id)
        if kept is not None and kept.state == "answered" and await self._ended(kept.call):
            kept.delivered = True
        return await super().reply_lost(id)

    async def _ended(self, call: ActionCall) -> bool:
        run = await self.get_run(call.run.execution_id)
        ends = (ActionState.COMPLETED, ActionState.FAILED)
        return run.status.ended and any(action.name == call.name and action.state in ends for action in run.actions)

    async def ping(self) -> None:
        """Answer, as memory always does."""
