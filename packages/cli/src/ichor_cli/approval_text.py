"""Approvals, for people to read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ichor_cli.plain_text import plain

if TYPE_CHECKING:
    from ichor_edgestore import ApprovalView


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


def _asked(approval: "ApprovalView") -> str:
    people = [f"user {user}" for user in approval.approval.approvers.users]
    people += [f"role {role}" for role in approval.approval.approvers.roles]
    return f"{approval.approval.needed} of {', '.join(people)}"
