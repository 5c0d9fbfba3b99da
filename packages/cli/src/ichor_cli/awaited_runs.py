"""Runs that a command waits for."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from ichor_edgestore import EdgeStore, RunNotFound, RunView
from ichor_service import run_progress
from pydantic import JsonValue

from ichor_cli.approval_text import vote_command
from ichor_cli.errors import Missing
from ichor_cli.plain_text import plain
from ichor_cli.run_table import delay_text, waits_text

_PAUSE = 0.1
_NOBODY_WORKS = "Are the trigger and the worker running? `ichor runs` and `ichor events list` show what became of it."

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
    waits = {run.execution_id: _waits(run) for run in runs}
    told = [
        [f"{run.execution_id} ({run.rule_name or run.workflow_id}) is {run.status}", *waits[run.execution_id]]
        for run in runs
    ]
    known = ", ".join(map(" and ".join, told))
    listed: list[JsonValue] = [
        {
            "execution_id": run.execution_id,
            "rule": run.rule_name,
            "status": run.status.value,
            "waits": [*waits[run.execution_id]],
        }
        for run in runs
    ]
    waiting = len(runs) == wanted and all(run.status.ended or waits[run.execution_id] for run in runs)
    return Missing(
        f"{late} of {wanted} runs{event} did not end within {seconds:g} s; known so far: {known or 'none'}.",
        code="not_ended",
        mend=_go_on(runs) if waiting else _NOBODY_WORKS,
        details={"event_id": event_id, "runs": listed},
    )


def _waits(run: RunView) -> list[str]:
    """Say what a run waits for, where that is known."""
    _, delays, retries = run_progress(run, datetime.now(UTC))
    again = [plain(f"{name} failed and may be tried again") for name in retries]
    return [*map(waits_text, run.awaits), *(delay_text(name, end) for name, end in delays.items()), *again]


def _go_on(runs: Sequence[RunView]) -> str:
    """Say how runs that wait go on."""
    votes = [
        f"`{vote_command(awaited.id, awaited.question.approval, escalated=awaited.escalated)}`"
        for run in runs
        for awaited in run.awaits
        if awaited.question.approval is not None
    ]
    vote = f"{', '.join(votes)} answers what people are asked. " if votes else ""
    return f"{vote}`ichor runs show RUN` says how it stands; --timeout waits longer."


async def _found(store: EdgeStore, workflow_id: str) -> RunView | None:
    try:
        return await store.get_run(workflow_id)
    except RunNotFound:
        return None
