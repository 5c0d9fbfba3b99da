"""Approvals, for people to read."""

from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING
from uuid import UUID

from ichor_cli.plain_text import plain

if TYPE_CHECKING:
    from ichor_edgestore import ApprovalView
    from ichor_models import Approval, Approvers


def approval_text(found: "Sequence[ApprovalView]") -> str:
    """Show each approval with its votes; what is asked may hold what anybody wrote into an event."""
    return "\n".join(
        line
        for approval in found
        for line in (
            plain(f"{approval.approval_id}  {approval.status}  {approval.rule_name or ''}: {approval.action_name}"),
            plain(f"    {_asked(approval)}, until {approval.expires:%Y-%m-%d %H:%M} UTC"),
            *([plain(f"    {approval.message}")] if approval.message else []),
            *(plain(f"    {vote.name or vote.person}: {'yes' if vote.approves else 'no'}") for vote in approval.votes),
        )
    )


def asked_text(approval: "Approval", *, escalated: bool) -> str:
    """Say who may vote, those whom the escalation added, too; a role's name may hold anything."""
    added = f"; or {_people(approval.escalation.approvers)} alone" if escalated and approval.escalation else ""
    return f"{approval.needed} of {_people(approval.approvers)}{added}"


def vote_command(approval_id: UUID, approval: "Approval", *, escalated: bool) -> str:
    """Return the command by which one of those who are asked approves."""
    asked = approval.escalation.approvers if escalated and approval.escalation else approval.approvers
    person = f"--as {asked.users[0]}" if asked.users else f"--as USER_ID --role {quote(plain(asked.roles[0]))}"
    return f"ichor approve {approval_id} {person}"


def _asked(view: "ApprovalView") -> str:
    return asked_text(view.approval, escalated=view.escalated)


def _people(approvers: "Approvers") -> str:
    return ", ".join([*(f"user {user}" for user in approvers.users), *(f"role {role}" for role in approvers.roles)])
