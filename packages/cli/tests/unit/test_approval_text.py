"""Approvals as people read them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from ichor_cli.approval_text import approval_text, standing
from ichor_cli.asked_people import announcement
from ichor_edgestore import ApprovalView
from ichor_models import Approval, ApprovalType, Approvers, Escalation

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
ID, OTHER, MAX = (UUID(int=number) for number in (1, 2, 3))
ESCALATION = Escalation(after=timedelta(hours=1), approvers=Approvers(users=(MAX,), roles=("boss",)))


def view(**changes: object) -> ApprovalView:
    """Return an approval that one user, or whoever has a role, may decide."""
    shown: dict[str, object] = {
        "approval_id": ID,
        "execution_id": ID,
        "rule_id": None,
        "rule_name": "Orders",
        "action_name": "ask",
        "status": "pending",
        "message": "May we?",
        "approval": Approval(approvers=Approvers(users=(ID, OTHER)), type=ApprovalType.ALL, escalation=ESCALATION),
        "reminders": 0,
        "escalated": False,
        "created": NOW,
        "expires": NOW,
        "resolved": None,
        "resolved_by": None,
        "resolved_by_name": None,
        "reason": None,
        "votes": [],
    }
    return ApprovalView.model_validate(shown | changes)


def test_what_somebody_wrote_into_an_event_does_nothing_to_the_terminal():
    evil = view(
        message="May we?\x1b[2J\n00000000-0000-0000-0000-000000000002  approved",
        approval=Approval(approvers=Approvers(users=(ID,), roles=("bo\x07ss",))),
        votes=[{"person": "x", "name": "A\x1b]0;da", "approves": True, "reason": None, "decides": False, "voted": NOW}],
    )
    lines = approval_text([evil]).split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)
    assert lines[1] == f"    1 of user {ID}, role bo ss, until 2026-11-23 20:00 UTC"


def test_who_may_vote_since_the_escalation_is_shown():
    assert f"2 of user {ID}, user {OTHER}, until" in approval_text([view()])
    assert f"2 of user {ID}, user {OTHER}; or user {MAX}, role boss alone, until" in approval_text(
        [view(escalated=True)]
    )


def cast(person: UUID, **changes: object) -> dict[str, object]:
    vote = {"person": str(person), "name": None, "approves": True, "reason": None, "decides": False, "voted": NOW}
    return vote | changes


def test_who_has_voted_and_who_is_still_asked():
    one = view(votes=[cast(ID, name="Ada", reason="fine")])
    assert standing(one) == ["Ada: yes, fine", f"still asked: user {OTHER}"]
    later = view(votes=[cast(ID, approves=False)], escalated=True)
    assert standing(later) == [f"{ID}: no", f"still asked: user {OTHER}, user {MAX}, role boss"]
    assert standing(view()) == []


def test_who_decided():
    votes = [cast(ID), cast(OTHER, name="Bob")]
    decided = view(votes=votes, status="approved", resolved_by=OTHER, resolved_by_name="Bob")
    assert standing(decided) == [f"{ID}: yes", "Bob: yes", "approved by Bob"]


def test_everybody_who_may_vote_is_announced():
    what, who, how = announcement(view()).split("\n")
    assert (what, who) == ("Orders: May we?", f"    2 of user {ID}, user {OTHER}")
    assert how == f"    ichor approve {ID} --as {ID}    (or with --reject)"
    assert f"--as {MAX} " in announcement(view(escalated=True))
