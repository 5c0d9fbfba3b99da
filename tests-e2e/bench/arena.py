"""One worker on one server that runs the engine's workflow and the hand-written ones, with the settings of ours."""

from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from handwritten import RIVALS, TYPE, Task
from ichor_executor.temporal import WORKFLOW_TYPE, ExecuteGraphWorkflow, RunInput, engine_activities, search_attributes
from ichor_executor.temporal.start import ENTITY, RULE
from ichor_executor.temporal.workflow import STATUS
from ichor_models import ActionCall, EntityEvent, ExecutionId, RuleId, RunRequest, RunStatus, run_request
from ichor_testing import isolated_task_queue
from ichor_testing.fake_handlers import FakeHandlers
from ichor_worker.graph_worker import MOST_ACTIVITIES, MOST_CACHED_WORKFLOWS, MOST_WORKFLOW_TASKS
from pydantic import JsonValue
from shape import Shape
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

_RULE = RuleId("4b1c9a52-3f0f-4a86-b7d0-5f0f3f6a2a10")


@activity.defn(name=TYPE)
async def act(call: ActionCall) -> dict[str, JsonValue]:
    """Do nothing, so that only what surrounds an action is measured."""
    return {"audit_id": call.key, "output": "success"}


@dataclass(frozen=True, slots=True)
class Arena:
    """Runs shapes; how runs ended is written down in memory, which is the hardest for the engine."""

    client: Client
    task_queue: str
    records: FakeHandlers

    async def ours(self, shape: Shape) -> str:
        """Run a shape by the engine and return the workflow's id."""
        request = _request(shape)
        return await self._run(shape, WORKFLOW_TYPE, RunInput(request=request), request.run.execution_id)

    async def bare(self, shape: Shape) -> str:
        """Run the hand-written workflow of a shape and return its id."""
        request = _request(shape)
        task = Task(run=request.run, trigger_data=request.trigger_data, size=shape.size)
        return await self._run(shape, shape.rival, task, request.run.execution_id)

    async def size(self, workflow_id: str) -> tuple[int, int]:
        """Return how many events, and how many bytes of them, a workflow left."""
        history = await self.handle(workflow_id).fetch_history()
        return len(history.events), sum(event.ByteSize() for event in history.events)

    def handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        """Return the handle of a workflow."""
        return self.client.get_workflow_handle(workflow_id)

    async def _run(self, shape: Shape, workflow: Any, start: object, execution_id: ExecutionId) -> str:
        workflow_id = f"run-{execution_id}"
        handle = await self.client.start_workflow(
            workflow,
            start,
            id=workflow_id,
            task_queue=self.task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=_attributes(),
            static_summary="measured",
        )
        await handle.result()
        record = self.records.records.pop(execution_id)
        assert (record.status, len(record.order)) == (RunStatus.COMPLETED, shape.actions)
        return workflow_id


def _request(shape: Shape) -> RunRequest:
    event = {"event_id": str(uuid4()), "event_type": "on_create", "entity_name": "orders", "entity_id": "4711"}
    return run_request(shape.rule, _RULE, ExecutionId(str(uuid4())), EntityEvent.model_validate(event))


def _attributes() -> TypedSearchAttributes:
    values = {RULE: _RULE, ENTITY: "orders", STATUS: RunStatus.RUNNING.value}
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in values.items()])


@asynccontextmanager
async def open_arena(client: Client, executor: ThreadPoolExecutor | None = None) -> AsyncGenerator[Arena]:
    """Yield an arena; workflow tasks are done by `executor` where one is given."""
    assert len(await search_attributes(client)) == 3, "the namespace lacks our search attributes"
    queue, records = isolated_task_queue(), FakeHandlers()
    async with Worker(
        client,
        task_queue=queue,
        workflows=[ExecuteGraphWorkflow, *RIVALS],
        activities=[act, *engine_activities(records)],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_task_executor=executor,
        max_concurrent_activities=MOST_ACTIVITIES,
        max_concurrent_workflow_tasks=MOST_WORKFLOW_TASKS,
        max_cached_workflows=MOST_CACHED_WORKFLOWS,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
    ):
        yield Arena(client, queue, records)
