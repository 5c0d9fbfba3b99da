"""Replaying a history of 10,000 events, as a worker does that takes over a run from another one."""

import time
from concurrent.futures import ThreadPoolExecutor

from arena import Arena, open_arena
from duel import duel
from effort import Effort
from figure import AtMost, Figure, Spread
from handwritten import RIVALS
from ichor_executor.temporal import ExecuteGraphWorkflow
from ichor_testing import start_temporal
from shape import fan
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

_NEVER = {
    "limit.historyCount.suggestContinueAsNew": 50_000,
    "limit.historySize.suggestContinueAsNew": 200_000_000,
}
"""A run that is told to continue as new would leave no such history."""


async def measure(effort: Effort) -> list[Figure]:
    """Measure a fan that leaves so many events, beside the hand-written one."""
    shape = fan(3_200)
    async with start_temporal(dynamic_config=_NEVER) as temporal, open_arena(await temporal.connect()) as arena:
        ours, bare = await _history(arena, await arena.ours(shape)), await _history(arena, await arena.bare(shape))
    assert min(len(ours.events), len(bare.events)) >= 9_500, "the server has the usual limits: let one be started here"
    found = await duel(effort.rounds, lambda: _seconds(ours), lambda: _seconds(bare))
    events = len(ours.events)
    return [
        found.figure(f"replay of {events:,} events", "s", AtMost(2)),
        Figure("replay, events", Spread.of([events / seconds for seconds in found.ours]), "events/s"),
    ]


async def _history(arena: Arena, workflow_id: str) -> WorkflowHistory:
    return await arena.handle(workflow_id).fetch_history()


async def _seconds(history: WorkflowHistory) -> float:
    with ThreadPoolExecutor(max_workers=1) as executor:
        replayer = Replayer(
            workflows=[ExecuteGraphWorkflow, *RIVALS],
            data_converter=pydantic_data_converter,
            workflow_runner=UnsandboxedWorkflowRunner(),
            workflow_task_executor=executor,
        )
        began = time.perf_counter()
        await replayer.replay_workflow(history)
        return time.perf_counter() - began
