"""Graphs of every size end on real servers: each action once, no history long, no workflow task failed.

`make test-scale` takes the sizes of the second column, and prints what it measured.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_executor.temporal import start_run
from ichor_models import EntityEvent, Rule
from ichor_testing import Database, TemporalServer
from ichor_testing.engine_program import start_program
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from .shapes import Shape, chain, fan, ladder, nested, stages

FULL = "ICHOR_SCALE" in os.environ
MOST_EVENTS = 10_000
_MUCH_AT_ONCE = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND
"""The server gives a task out again when more than 100 events came while a worker had it, as of 50 actions at once."""
_FAILED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
SIZES = [
    pytest.param(shape, full if FULL else small, id=f"{shape.__name__}-{full if FULL else small}")
    for shape, small, full in [
        (fan, 30, 100),
        (fan, 100, 1_000),
        (fan, 150, 10_000),
        (chain, 50, 5_000),
        (ladder, 15, 1_000),
        (nested, 10, 50),
        (stages, 220, 20_000),
    ]
]


@dataclass
class Histories:
    """What the histories of a run and of those that continued it come to."""

    runs: int = 0
    events: int = 0
    longest: int = 0
    size: int = 0
    failed_tasks: list[str] = field(default_factory=list[str])

    async def read(self, client: Client, workflow_id: str) -> None:
        """Read all of them, from the first one on."""
        described = await client.get_workflow_handle(workflow_id).describe()
        run_id = described.raw_description.workflow_execution_info.first_run_id
        while run_id:
            history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
            run_id = self._add(history.events)

    def _add(self, events: Sequence[HistoryEvent]) -> str:
        """Add a history, and return the run that continued it, if one did."""
        self.runs += 1
        self.events += len(events)
        self.longest = max(self.longest, len(events))
        self.size += sum(event.ByteSize() for event in events)
        failed = [event.workflow_task_failed_event_attributes for event in events if event.event_type == _FAILED]
        self.failed_tasks += [
            f"{WorkflowTaskFailedCause.Name(item.cause)}: {item.failure.message}"
            for item in failed
            if item.cause != _MUCH_AT_ONCE
        ]
        return events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id


@pytest.mark.parametrize(("shape", "size"), SIZES)
async def test_every_size_ends(
    shape: Shape,
    size: int,
    postgres_database: Database,
    shared_temporal: TemporalServer,
    temporal_task_queue: str,
):
    rule: Rule = shape(size)
    async with connected(postgres_database.url) as pool:
        await migrate(pool)
        store = EdgeStore(pool)
        saved = await store.save_rule(rule, catalogue=discover().catalogue)
        event = {"event_id": "e1", "event_type": "on_create", "entity_name": "orders", "entity_id": "1"}
        pinned = await store.pin_run(saved.rule_id, EntityEvent.model_validate(event))
        environment = {
            "ICHOR_DATABASE_URL": postgres_database.url,
            "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
            "ICHOR_TASK_QUEUE": temporal_task_queue,
        }
        client = await shared_temporal.connect(find_values=lambda: store.values)
        async with start_program("ichor_worker", environment) as worker:
            await worker.ready()
            began = time.monotonic()
            await start_run(client, pinned.request, workflow_id=pinned.workflow_id, task_queue=temporal_task_queue)
            result = await client.get_workflow_handle(pinned.workflow_id).result()
            seconds = time.monotonic() - began
        assert result == {"status": "completed"}
        count = len(rule.actions)
        assert await pool.fetchval("SELECT count(*) FROM workflow.audit_log") == count
        run = await store.get_run(pinned.execution_id)
        assert [action.state for action in run.actions] == ["completed"] * count
    histories = Histories()
    await histories.read(client, pinned.workflow_id)
    print(
        f"{shape.__name__} {size}: {count} actions, {count / seconds:.0f}/s, {histories.runs} histories,"
        f" {histories.events / count:.1f} events and {histories.size / count:.0f} bytes an action,"
        f" the longest {histories.longest} events"
    )
    assert histories.longest < MOST_EVENTS
    assert histories.failed_tasks == []
