"""What people are asked to decide, and their votes."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from ichor_edgestore import ApprovalFilter, ApprovalPlace, ApprovalView
from ichor_models import LONGEST_ID, LONGEST_REASON, Person, Resolution, VoteResult, VoteVerdict
from ichor_models.model import Model
from ichor_service import Caller, Scope
from pydantic import Field

from ichor_trigger.api.access import Approver, Reader, Store, require
from ichor_trigger.api.error import ApiError
from ichor_trigger.api.once import OnceOnly
from ichor_trigger.api.page import Cursor, Limit, cut, place_of
from ichor_trigger.api.strict_route import StrictRoute

router = APIRouter(tags=["approvals"], route_class=StrictRoute)

type Status = Literal["pending", "approved", "rejected", "timed_out", "expired"]


class ApprovalPage(Model):
    """Approvals, the newest first; `next` is the cursor of the next page, null on the last."""

    approvals: tuple[ApprovalView, ...]
    next: str | None


class CastVote(Model):
    """A vote; `user_id` is whose it is, by default the caller's."""

    resolution: Resolution
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] | None = None
    user_id: Annotated[str, Field(min_length=1, max_length=LONGEST_ID)] | None = None


@router.get("/approvals", summary="List approvals")
async def list_approvals(
    caller: Reader,
    store: Store,
    status: Status | None = None,
    run: UUID | None = None,
    mine: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ApprovalPage:
    """Return approvals, the newest first; `mine` are those that the caller is asked."""
    wanted = ApprovalFilter(
        status=status,
        execution_id=run,
        asked=_person(caller) if mine else None,
        after=place_of(cursor, ApprovalPlace),
        limit=limit + 1,
    )
    approvals, following = cut(await store.list_approvals(wanted), limit, ApprovalPlace)
    return ApprovalPage(approvals=approvals, next=following)


@router.get("/approvals/{approval_id}", summary="Get an approval")
async def get_approval(_: Reader, store: Store, approval_id: UUID) -> ApprovalView:
    """Return one approval with its votes."""
    found = await store.find_approval(approval_id)
    if found is None:
        raise _unknown(approval_id)
    return found


@router.post("/approvals/{approval_id}/votes", response_model=VoteResult, summary="Vote on an approval")
async def vote(approval_id: UUID, cast: CastVote, caller: Approver, once: OnceOnly) -> JSONResponse:
    """Count a vote, once. What it decides is the run's at once, and is brought to it within about a second."""
    person = _person(caller)
    if cast.user_id is not None and Person(id=cast.user_id).id != person.id:
        require(caller, Scope.OPERATOR, "a vote of somebody else")
        person = Person(id=cast.user_id)

    async def count() -> VoteResult:
        approves = cast.resolution is Resolution.APPROVED
        result = await once.store.vote(approval_id, person, approves=approves, reason=cast.reason)
        if result.verdict not in (VoteVerdict.DECIDED, VoteVerdict.COUNTED):
            raise _refused(approval_id, person, result)
        return result

    return await once.answer(count, status=200)


def _person(caller: Caller) -> Person:
    return Person(id=caller.sub, name=caller.name, roles=caller.roles)


def _unknown(approval_id: UUID) -> ApiError:
    message = f"There is no approval with the id {approval_id}."
    return ApiError(404, "approval_not_found", message, "GET /v1/approvals lists what there is.")


def _refused(approval_id: UUID, person: Person, result: VoteResult) -> ApiError:
    match result.verdict:
        case VoteVerdict.NOT_ASKED:
            message = f"{person.id} is not among those who are asked."
            return ApiError(403, result.verdict, message, "GET /v1/approvals?mine=true lists what the caller is asked.")
        case VoteVerdict.OTHER:
            message = f"{person.id} has voted otherwise before."
            return ApiError(409, result.verdict, message, "A vote stands.")
        case VoteVerdict.RESOLVED:
            message = f"The approval is {result.status}."
            return ApiError(409, result.verdict, message, "Votes count while an approval is pending.")
        case _:
            return _unknown(approval_id)
