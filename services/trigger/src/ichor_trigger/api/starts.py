"""Rules started by hand."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from ichor_edgestore import PinnedRun
from ichor_edgestore.pinned_run import INVALID_GRAPH
from ichor_models import ApplicationId, ExecutionId, ManualStart, PlainObject, RuleId, RunStatus
from ichor_models.model import Model
from ichor_service import Unreachable, outages, reason
from pydantic import Field
from structlog.contextvars import bound_contextvars

from ichor_trigger.api.access import ProgramLauncher, StartingCaller
from ichor_trigger.api.error import ApiError
from ichor_trigger.api.once import ACCEPTED, Once, OnceOnly
from ichor_trigger.api.strict_route import StrictRoute
from ichor_trigger.launcher import Launcher
from ichor_trigger.run_starter import NOT_STARTED, RunStarter

router = APIRouter(tags=["runs"], route_class=StrictRoute)
_PATIENCE_SECONDS = 3.0
_log = structlog.stdlib.get_logger(__name__)


class RunStart(Model):
    """What a run is told: its row of the rule's entity, and trigger data."""

    entity_id: Annotated[ApplicationId, Field(min_length=1)] | None = None
    data: PlainObject = Field(default_factory=dict)


class StartedRun(Model):
    """A run that is durable; one that is still `pending` is started as soon as Temporal answers."""

    run: ExecutionId
    workflow_id: str
    status: RunStatus


@router.post("/rules/{rule_id}/runs", status_code=ACCEPTED, response_model=StartedRun, summary="Start a rule by hand")
async def start_run(
    rule_id: str,
    caller: StartingCaller,
    once: OnceOnly,
    launcher: ProgramLauncher,
    start: RunStart | None = None,
) -> JSONResponse:
    """Run an active rule, whatever starts it otherwise; its conditions are not asked."""
    told = start or RunStart()
    manual = ManualStart(
        rule_id=RuleId(rule_id),
        event_id=once.event_id,
        user_id=caller.sub,
        timestamp=datetime.now(UTC),
        entity_id=told.entity_id,
        data=told.data,
    )

    async def pin_and_launch() -> StartedRun:
        pinned = await once.store.pin_start(manual)
        run = await _launched(once, launcher, pinned)
        if run.error_type in (INVALID_GRAPH, NOT_STARTED):
            mend = f"Correct the rule, and use a new key; GET /v1/runs/{run.execution_id} shows the run of this one."
            raise ApiError(422, run.error_type, run.error or "The run cannot be started.", mend)
        return StartedRun(run=run.execution_id, workflow_id=run.workflow_id, status=run.status)

    return await once.answer(pin_and_launch)


async def _launched(once: Once, launcher: Launcher, pinned: PinnedRun) -> PinnedRun:
    """Start a pinned run if Temporal answers soon; otherwise the reaper does."""
    run = pinned.request.run
    told = {"rule_id": run.rule_id, "rule": run.rule_name, "event_id": run.event.event_id}
    with bound_contextvars(execution_id=pinned.execution_id, **told):
        try:
            with outages():
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    return await RunStarter(once.store, launcher).start_pinned(pinned)
        except (Unreachable, TimeoutError) as error:
            _log.warning("run not started yet", reason=reason(error))
            return pinned
