"""Votes on an approval: whose counts, and when they decide.

| asked as | approved by | rejected by |
|---|---|---|
| `any` | the first vote, where it is yes | the first vote, where it is no |
| `any` with `required` n of m people | n yes | so many no that n yes cannot be reached; where roles are asked, n no |
| `majority` of m people | more than half of m | so many no that more than half cannot be reached |
| `all` of m people | m yes | the first no |

Whoever an escalation added decides alone. Each person votes once, and the first decision stands.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pydantic import Field, JsonValue

from ichor_models.approval import Approval, Person
from ichor_models.model import Model

LONGEST_REASON = 2000
"""How many characters a vote's reason may have."""


class Resolution(StrEnum):
    """What an approval can come to by votes."""

    APPROVED = "approved"
    REJECTED = "rejected"


class Vote(Model):
    """What one person said; one that `decides` is of somebody whom the escalation added."""

    person: Person
    approves: bool
    reason: str | None = Field(default=None, max_length=LONGEST_REASON)
    decides: bool = False


class VoteVerdict(StrEnum):
    """What became of a vote."""

    DECIDED = "decided"
    """It was the last one that was needed."""
    COUNTED = "counted"
    """It counts, and others are still waited for."""
    OTHER = "already_voted"
    """The person has voted otherwise before."""
    RESOLVED = "already_resolved"
    """The approval was resolved before, or its time is over, or its run has ended."""
    NOT_ASKED = "not_an_approver"
    """The person is not among those who are asked."""
    UNKNOWN = "not_found"
    """There is no such approval."""


class VoteResult(Model):
    """What became of a vote, and how the approval stands: pending, approved, rejected, timed_out or expired.

    One that is `repeated` was counted before, and changed nothing; programs are answered as the first time.
    """

    verdict: VoteVerdict
    status: str | None = None
    repeated: bool = Field(default=False, exclude=True)


class Tally(NamedTuple):
    """What a vote does to an approval that is open: it is counted where it is there, and may decide."""

    verdict: VoteVerdict
    vote: Vote | None = None
    resolution: Resolution | None = None


def tally(
    approval: Approval, votes: Sequence[Vote], person: Person, *, approves: bool, reason: str | None, escalated: bool
) -> Tally:
    """Judge a person's vote by those that were counted before it."""
    decides = _voice(approval, person, escalated=escalated)
    if decides is None:
        return Tally(VoteVerdict.NOT_ASKED)
    earlier = next((vote for vote in votes if vote.person.id == person.id), None)
    if earlier is not None:
        return Tally(VoteVerdict.COUNTED if earlier.approves == approves else VoteVerdict.OTHER)
    vote = Vote(person=person, approves=approves, reason=reason, decides=decides)
    resolution = decide(approval, [*votes, vote])
    return Tally(VoteVerdict.DECIDED if resolution else VoteVerdict.COUNTED, vote, resolution)


def judge_late(votes: Sequence[Vote], person: Person, status: str | None, *, approves: bool) -> VoteResult:
    """Judge a vote on an approval that was resolved before; one that was counted then is answered as it was."""
    same = [vote.person.id == person.id and vote.approves == approves for vote in votes]
    if status not in set(Resolution) or not any(same):
        return VoteResult(verdict=VoteVerdict.RESOLVED, status=status)
    return VoteResult(verdict=VoteVerdict.DECIDED if same[-1] else VoteVerdict.COUNTED, status=status, repeated=True)


def decide(approval: Approval, votes: Sequence[Vote]) -> Resolution | None:
    """Return what votes decide; None while they decide nothing."""
    alone = next((vote for vote in votes if vote.decides), None)
    if alone is not None:
        return Resolution.APPROVED if alone.approves else Resolution.REJECTED
    yes = sum(vote.approves for vote in votes)
    if yes >= approval.needed:
        return Resolution.APPROVED
    return Resolution.REJECTED if len(votes) - yes > approval.bearable else None


def _voice(approval: Approval, person: Person, *, escalated: bool) -> bool | None:
    """Say how a person's vote counts: it decides (True), is one of many (False), or does not count (None)."""
    if escalated and approval.escalation is not None and approval.escalation.approvers.include(person):
        return True
    return False if approval.approvers.include(person) else None


def approval_result(approval_id: UUID, output: str, vote: Vote | None = None) -> dict[str, JsonValue]:
    """Return the result of the action that asked, by the vote that decided; without one nobody did in time."""
    person = vote.person if vote else None
    return {
        "approval_id": str(approval_id),
        "resolved_by": person and person.id,
        "resolved_by_name": person and (person.name or person.id),
        "reason": vote and vote.reason,
        "output": output,
    }
