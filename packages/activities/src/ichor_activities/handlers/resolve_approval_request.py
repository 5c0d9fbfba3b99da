"""`resolve_approval_request`: votes on the approval of another run, for the user whose change started this one."""

from uuid import UUID

from ichor_models import LONGEST_REASON, ActionError, Person, Resolution, VoteVerdict
from pydantic import Field

from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.handler import action

_COUNTED = "counted"
_REFUSALS = {
    VoteVerdict.NOT_ASKED: "is not among those who are asked",
    VoteVerdict.OTHER: "has voted otherwise before; a vote stands",
}


class ResolveApprovalRequestConfig(Config):
    """The approval, and the user's vote on it."""

    approval_request_id: UUID = Field(description="the approval's id, `approval_id` in its action's result")
    resolution: Resolution = Field(description="the user's vote")
    reason: str = Field(default="", max_length=LONGEST_REASON, description="why, for whoever asks later")


class ResolveApprovalRequestResult(Result):
    """How the approval stands now."""

    approval_request_id: UUID
    resolution: Resolution
    current_status: str | None


@action(
    "resolve_approval_request",
    ports=("resolved_approved", "resolved_rejected", _COUNTED, "not_found", "already_resolved"),
    transactional=True,
)
async def resolve_approval_request(
    config: ResolveApprovalRequestConfig, run: ActionContext
) -> ResolveApprovalRequestResult:
    """Vote on an approval for the user of the event; the port `counted` says that others are still waited for.

    Raises:
        ActionError: the event has no user, or the user is not asked, or has voted otherwise.
    """
    user = run.event.user_id
    if not user:
        raise ActionError("The event behind this run names no user, so there is nobody to vote.", type="no_user")
    result = await run.transaction.vote(
        config.approval_request_id,
        Person(id=user),
        approves=config.resolution is Resolution.APPROVED,
        reason=config.reason or None,
    )
    if why := _REFUSALS.get(result.verdict):
        raise ActionError(f"The user {user} {why}.", type=result.verdict)
    verdict = result.verdict
    if result.repeated and result.status in set(Resolution):
        verdict = VoteVerdict.RESOLVED  # By another run: what follows a decision is done once.
    port = f"resolved_{config.resolution}" if verdict is VoteVerdict.DECIDED else str(verdict)
    return ResolveApprovalRequestResult(
        output=port,
        approval_request_id=config.approval_request_id,
        resolution=config.resolution,
        current_status=result.status,
    )
