"""Approvals in memory, for tests and for trying things out."""

from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from ichor_models import (
    ExecutionId,
    Person,
    Reply,
    Resolution,
    RunStatus,
    ValueLimit,
    Vote,
    VoteResult,
    VoteVerdict,
    approval_result,
    decide,
    judge_late,
    tally,
)

from ichor_edgestore.claim import Verdict
from ichor_edgestore.memory_journal import MemoryJournal
from ichor_edgestore.memory_questions import MemoryQuestions

_ENDS = {"expired": "timed_out", "closed": "expired"}


class MemoryApprovals(MemoryQuestions):
    """Counts votes as `PostgresApprovals` does; there are no alerts, no events and no reminders in memory.

    An escalation adds its people by the clock alone.
    """

    def __init__(
        self, journal: MemoryJournal, run: Callable[[ExecutionId], tuple[RunStatus, str]], limit: ValueLimit
    ) -> None:
        super().__init__(journal, run, limit)
        self._votes: defaultdict[UUID, list[Vote]] = defaultdict(list)

    async def vote(self, approval_id: UUID, person: Person, *, approves: bool, reason: str | None = None) -> VoteResult:
        kept, votes = self.kept(approval_id), self._votes[approval_id]
        if kept is None or kept.question.approval is None:
            return VoteResult(verdict=VoteVerdict.UNKNOWN)
        approval = kept.question.approval
        if kept.state != "open":
            status = _ENDS.get(kept.state) or decide(approval, votes)
            return judge_late(votes, person, status, approves=approves)
        judged = tally(approval, votes, person, approves=approves, reason=reason, escalated=kept.escalated)
        if judged.vote is None:
            repeated = judged.verdict is VoteVerdict.COUNTED
            return VoteResult(verdict=judged.verdict, status="pending", repeated=repeated)
        votes.append(judged.vote)
        if judged.resolution is None:
            return VoteResult(verdict=judged.verdict, status="pending")
        return await self._decided(approval_id, judged.resolution, judged.vote)

    async def _decided(self, approval_id: UUID, resolution: Resolution, vote: Vote) -> VoteResult:
        claim = await self.claim_question(approval_id, Reply(result=approval_result(approval_id, resolution, vote)))
        if claim.verdict is not Verdict.TAKEN:
            return VoteResult(verdict=VoteVerdict.RESOLVED, status="expired")
        return VoteResult(verdict=VoteVerdict.DECIDED, status=resolution)
