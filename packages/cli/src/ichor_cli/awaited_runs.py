"""Runs that a command waits for."""

import asyncio
import time
from collections.abc import Callable, Iterable

from ichor_edgestore import EdgeStore, RunNotFound, RunView

from ichor_cli.errors import Missing

_PAUSE = 0.1

type Watch = Callable[[list[RunView]], None]
"""Is told how the runs stand each time they are looked at."""


async def wait_for_runs(
    store: EdgeStore, workflow_ids: Iterable[str], seconds: float, watch: Watch = lambda _: None
) -> list[RunView]:
    """Return the runs of these workflows once all have ended.

    Raises:
        Missing: they did not within so many seconds.
    """
    wanted = list(workflow_ids)
    deadline = time.monotonic() + seconds
    while True:
        runs = [run for id_ in wanted if (run := await _found(store, id_)) is not None]
        watch(runs)
        if len(runs) == len(wanted) and all(run.status.ended for run in runs):
            return runs
        if time.monotonic() > deadline:
            raise Missing(
                f"{len(wanted) - sum(run.status.ended for run in runs)} of {len(wanted)} runs did not end within "
                f"{seconds:g} s.",
                code="not_ended",
                mend="Are the trigger and the worker running? `ichor runs` shows how they stand.",
            )
        await asyncio.sleep(_PAUSE)


async def _found(store: EdgeStore, workflow_id: str) -> RunView | None:
    try:
        return await store.get_run(workflow_id)
    except RunNotFound:
        return None
