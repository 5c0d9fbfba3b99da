"""Runs that a command waits for."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

from ichor_edgestore import EdgeStore, RunNotFound, RunView
from pydantic import JsonValue

from ichor_cli.errors import Missing

_PAUSE = 0.1

type Watch = Callable[[list[RunView]], None]
"""Is told how the runs stand each time they are looked at."""


async def wait_for_runs(
    store: EdgeStore,
    workflow_ids: Iterable[str],
    seconds: float,
    watch: Watch = lambda _: None,
    event_id: str | None = None,
) -> list[RunView]:
    """Return the runs of these workflows once all have ended; `event_id` is of the event that they come of.

    Raises:
        Missing: they did not within so many seconds.
    """
    wanted = list(workflow_ids)
    deadline = time.monotonic() + seconds
    while True:
        runs = await known_runs(store, wanted)
        watch(runs)
        if len(runs) == len(wanted) and all(run.status.ended for run in runs):
            return runs
        if time.monotonic() > deadline:
            raise _not_ended(len(wanted), runs, seconds, event_id)
        await asyncio.sleep(_PAUSE)


async def known_runs(store: EdgeStore, workflow_ids: Iterable[str]) -> list[RunView]:
    """Return those runs that are there."""
    return [run for id_ in workflow_ids if (run := await _found(store, id_)) is not None]


def _not_ended(wanted: int, runs: Sequence[RunView], seconds: float, event_id: str | None) -> Missing:
    late = wanted - sum(run.status.ended for run in runs)
    event = f" of event {event_id}" if event_id else ""
    known = ", ".join(f"{run.execution_id} ({run.rule_name or run.workflow_id}) is {run.status}" for run in runs)
    listed: list[JsonValue] = [
        {"execution_id": run.execution_id, "rule": run.rule_name, "status": run.status.value} for run in runs
    ]
    return Missing(
        f"{late} of {wanted} runs{event} did not end within {seconds:g} s; known so far: {known or 'none'}.",
        code="not_ended",
        mend="Are the trigger and the worker running? `ichor runs` and `ichor events list` show what became of it.",
        details={"event_id": event_id, "runs": listed},
    )


async def _found(store: EdgeStore, workflow_id: str) -> RunView | None:
    try:
        return await store.get_run(workflow_id)
    except RunNotFound:
        return None
