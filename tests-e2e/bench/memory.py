"""What a worker remembers of each run that waits: its resident memory with more runs, and with fewer."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from uuid import uuid4

from effort import Effort
from figure import Figure, Spread
from ichor_edgestore import EdgeStore, RunFilter
from ichor_executor.temporal import start_run
from ichor_models import EntityEvent, Rule, RuleId, RunStatus
from ichor_testing import isolated_task_queue, start_postgres, start_temporal, until
from ichor_testing.engine_program import EngineProgram, start_program
from ichor_testing.graph_builder import GraphBuilder
from rows import open_pool, save
from temporalio.client import Client

_CACHED = 1_000
"""How many runs a worker keeps; more would put others out."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Starts runs that wait in a worker of their own."""

    store: EdgeStore
    temporal: Client
    task_queue: str
    worker: EngineProgram

    async def start(self, rule_id: RuleId, count: int) -> float:
        """Start so many runs, and return the worker's memory in KB when all of them wait."""
        before = await self._waiting(rule_id)
        for _ in range(count):
            event = {"event_id": str(uuid4()), "event_type": "on_create", "entity_name": "orders", "entity_id": "1"}
            pinned = await self.store.pin_run(rule_id, EntityEvent.model_validate(event))
            queue = self.task_queue
            await start_run(self.temporal, pinned.request, workflow_id=pinned.workflow_id, task_queue=queue)

        async def all_wait() -> bool:
            return await self._waiting(rule_id) == before + count

        await until(all_wait, "the runs that wait")
        return (await self.worker.metrics())["process_resident_memory_bytes"] / 1024

    async def _waiting(self, rule_id: RuleId) -> int:
        wanted = RunFilter(rule_id=rule_id, statuses=(RunStatus.RUNNING,), limit=_CACHED)
        return len(await self.store.list_runs(wanted))


async def measure(effort: Effort) -> list[Figure]:
    """Measure small runs and large ones, each with a worker of their own, since memory that was taken stays taken."""
    figures: list[Figure] = []
    for size, count in ((20, 400), (1000, 40)):
        grown = [await _grown(size, count) for _ in range(3 if effort.full else 1)]
        figures.append(Figure(f"cached run of {size:,} actions", Spread.of(grown), "KB"))
    return figures


async def _grown(size: int, count: int) -> float:
    """Return by how much a worker grows for each run, once it has warmed up."""
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(start_postgres())
        temporal = await stack.enter_async_context(start_temporal())
        database, pool = await stack.enter_async_context(open_pool(postgres))
        environment = {
            "ICHOR_DATABASE_URL": database.url,
            "ICHOR_TEMPORAL_ADDRESS": temporal.url,
            "ICHOR_TASK_QUEUE": isolated_task_queue(),
        }
        worker = await stack.enter_async_context(start_program("ichor_worker", environment))
        await worker.ready()
        store, client = EdgeStore(pool), await temporal.connect()
        rule_id = await save(store, _rule(size))
        waiting = Waiting(store, client, environment["ICHOR_TASK_QUEUE"], worker)
        before = await waiting.start(rule_id, count // 4)
        return (await waiting.start(rule_id, count) - before) / count


def _rule(size: int) -> Rule:
    """Return a rule whose first action waits."""
    names = [f"step {number}" for number in range(size)]
    builder = GraphBuilder().delay("wait", "1h").start("wait")
    for before, name in pairwise(["wait", *names]):
        builder.action(name, message=f"{{{{entity_id}}}} {name}").then(before, name)
    return builder.rule(f"waits with {size}")
