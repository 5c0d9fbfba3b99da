"""The Temporal worker itself, on a real Temporal."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from ichor_executor import Plan
from ichor_executor.temporal import start_run, workflow
from ichor_models import Case, Graph, RunStatus
from ichor_service import Stop
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from ichor_worker.graph_worker import GraphWorker
from prometheus_client import CollectorRegistry
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client


async def test_a_run_may_take_longer_to_decide_than_the_sdk_allows(
    temporal_client: Client, temporal_task_queue: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workflow, "plan_of", slow_plan)
    handlers, stop = FakeHandlers(), Stop(timedelta(seconds=10))
    worker = GraphWorker(temporal_task_queue, CollectorRegistry())
    running = asyncio.create_task(worker.run(temporal_client, handlers.activities(), stop))
    request = Case().request(GraphBuilder().action("a").start("a").rule())
    workflow_id = f"run-{uuid4()}"
    await start_run(temporal_client, request, workflow_id=workflow_id, task_queue=temporal_task_queue)
    handle = temporal_client.get_workflow_handle(workflow_id)
    async with asyncio.timeout(60):
        await handle.result()
    stop.ask()
    await running
    assert handlers.records[request.run.execution_id].status is RunStatus.COMPLETED
    events = [event.event_type async for event in handle.fetch_history_events()]
    assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in events


def slow_plan(graph: Graph) -> Plan:
    """Take the time that a large graph takes on a busy machine."""
    time.sleep(3)
    return Plan(graph)
