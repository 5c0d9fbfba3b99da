"""Runs, to look at."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from ichor_edgestore import EdgeStore, RunFilter, RunPlace, RunSummary, RunView, whole_result
from ichor_models import RuleId, RunStatus
from ichor_models.model import Model
from ichor_service import run_progress
from pydantic import AwareDatetime
from pydantic_core import to_json

from ichor_trigger.api.access import Reader, Store
from ichor_trigger.api.page import Cursor, Limit, cut, place_of
from ichor_trigger.api.run_graph import RunGraph, run_graph

router = APIRouter(tags=["runs"])


class RunPage(Model):
    """Runs, the newest first; `next` is the cursor of the next page, null on the last."""

    runs: tuple[RunSummary, ...]
    next: str | None


@router.get("/runs", summary="List runs")
async def list_runs(
    _: Reader,
    store: Store,
    rule: UUID | None = None,
    entity: str | None = None,
    status: Annotated[list[RunStatus] | None, Query()] = None,
    since: AwareDatetime | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RunPage:
    """Return runs, the newest first; `status` may be given several times."""
    wanted = RunFilter(
        rule_id=RuleId(str(rule)) if rule else None,
        entity_name=entity,
        statuses=tuple(status or ()),
        since=since,
        after=place_of(cursor, RunPlace),
        limit=limit + 1,
    )
    runs, following = cut(await store.list_runs(wanted), limit, RunPlace)
    return RunPage(runs=runs, next=following)


# An id of a workflow ends with that of an event, which may hold slashes.
@router.get("/runs/{run:path}/graph", summary="Draw a run")
async def get_run_graph(_: Reader, store: Store, run: str) -> RunGraph:
    """Return the graph of a run with how far it came: the state of each node, and what became of each edge."""
    return run_graph(await _progress(store, run))


@router.get("/runs/{run:path}/result", summary="Get a whole result", response_model=dict[str, Any])
async def get_result(_: Reader, store: Store, run: str, action: str) -> Response:
    """Return the whole result of an action, given by its name, however large it is."""
    return Response(to_json(await whole_result(store, run, action)), media_type="application/json")


@router.get("/runs/{run:path}", summary="Get a run")
async def get_run(_: Reader, store: Store, run: str) -> RunView:
    """Return a run by the id of its row or of its workflow, with its graph and its actions."""
    return await _progress(store, run)


async def _progress(store: EdgeStore, run: str) -> RunView:
    """Return a run as far as it came; it is another thread that tells it, since a large graph takes a moment."""
    found = await store.get_run(run)
    return (await asyncio.to_thread(run_progress, found, datetime.now(UTC))).run
