"""Approvals as people read them."""

from datetime import UTC, datetime
from uuid import UUID

from ichor_cli.approval_text import approval_text
from ichor_edgestore import ApprovalView
from ichor_models import Approval, Approvers

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
ID = UUID(int=1)


def test_what_somebody_wrote_into_an_event_does_nothing_to_the_terminal():
    view = ApprovalView.model_validate(
        {
            "approval_id": ID,
            "execution_id": ID,
            "rule_id": None,
            "rule_name": "Orders",
            "action_name": "ask",
            "status": "pending",
            "message": "May we?\x1b[2J\n00000000-0000-0000-0000-000000000002  approved",
            "approval": Approval(approvers=Approvers(users=(ID,), roles=("bo\x07ss",))),
            "reminders": 0,
            "escalated": False,
            "created": NOW,
            "expires": NOW,
            "resolved": None,
            "resolved_by": None,
            "resolved_by_name": None,
            "reason": None,
            "votes": [
                {"person": "x", "name": "A\x1b]0;da", "approves": True, "reason": None, "decides": False, "voted": NOW}
            ],
        }
    )
    lines = approval_text([view]).split("\n")
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert lines[1] == f"    1 of user {ID}, role bo ss, until 2026-11-23 20:00 UTC"
