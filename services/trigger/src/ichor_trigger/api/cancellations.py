"""Runs cancelled by people and programs."""

from typing import Annotated

from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse
from ichor_edgestore import RunEnded, RunView
from ichor_models import LONGEST_REASON, ExecutionId, RunStatus
from ichor_models.model import Model
from ichor_service import cancel_run
from pydantic import Field

from ichor_trigger.api.access import CancellingCaller, ProgramLauncher, ProgramLinks, Reader
from ichor_trigger.api.once import OnceOnly
from ichor_trigger.api.strict_route import StrictRoute
from ichor_trigger.run_starter import RunStarter

router = APIRouter(tags=["runs"], route_class=StrictRoute)


class Cancel(Model):
    """Why a run is cancelled, and whether it may clean up."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON)] | None = None
    cleanup: bool = True


class CancelledRun(Model):
    """A run that was asked to stop, with its status as that was done."""

    run: ExecutionId
    workflow_id: str
    status: RunStatus


# An id of a workflow ends with that of an event, which may hold slashes.
@router.post("/runs/{run:path}/cancel", status_code=202, response_model=CancelledRun, summary="Cancel a run")
async def post_cancel(
    run: str,
    caller: CancellingCaller,
    once: OnceOnly,
    links: ProgramLinks,
    launcher: ProgramLauncher,
    cancel: Cancel | None = None,
) -> JSONResponse:
    """Stop what is under way in a run; it ends when the cleanup that its graph asks for has."""
    told = cancel or Cancel()

    async def ask() -> CancelledRun:
        starter = RunStarter(once.store, launcher)
        try:
            asked = await cancel_run(
                links.temporal.opened,
                once.store,
                run,
                starter.start_pinned,
                by=caller.sub,
                reason=told.reason,
                cleanup=told.cleanup,
            )
        except RunEnded:
            asked = await once.store.get_run(run)
            if not _ended_by(asked, caller.sub, told.reason):
                raise
        return CancelledRun(run=asked.execution_id, workflow_id=asked.workflow_id, status=asked.status)

    return await once.answer(ask)


def _ended_by(run: RunView, caller: str, reason: str | None) -> bool:
    """Say whether this request ended a run: it comes again where its answer was lost."""
    asked = run.cancellation
    return run.status is RunStatus.CANCELLED and asked is not None and (asked.by, asked.reason) == (caller, reason)


@router.get("/runs/{run:path}/cancel", include_in_schema=False)
async def get_cancel(_: Reader, run: str) -> None:
    """Refuse what would be read as the id of a run that ends with `/cancel`."""
    raise HTTPException(405, headers={"Allow": "POST"})
