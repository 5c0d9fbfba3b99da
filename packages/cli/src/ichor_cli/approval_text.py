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
            *(f"    {line}" for line in standing(approval)),
        )
    )


def standing(view: "ApprovalView") -> list[str]:
    """Say line by line who has voted and why, and who is still asked, or who decided."""
    lines = [
        f"{vote.name or vote.person}: {'yes' if vote.approves else 'no'}{f', {vote.reason}' if vote.reason else ''}"
        for vote in view.votes
    ]
    if view.status == "pending" and view.votes:
        lines.append(f"still asked: {_left(view)}")
    elif by := view.resolved_by_name or view.resolved_by:
        lines.append(f"{view.status} by {by}")
    return [plain(line) for line in lines]


def _left(view: "ApprovalView") -> str:
    """Name those who may still vote: users who have not, and roles, of whom nobody knows how many there are."""
    asked, added = view.approval.approvers, view.approval.escalation
    users = [*asked.users, *(added.approvers.users if added and view.escalated else ())]
    roles = [*asked.roles, *(added.approvers.roles if added and view.escalated else ())]
    voted = {vote.person for vote in view.votes}
    left = [f"user {user}" for user in dict.fromkeys(users) if str(user) not in voted]
    return ", ".join([*left, *(f"role {role}" for role in dict.fromkeys(roles))])


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
