"""A worker with fake handlers on the session's Temporal."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from ichor_executor.temporal import WORKFLOW_TYPE, ExecuteGraphWorkflow, RunInput, Scheduled, start_run
from ichor_models import Case, ExecutionId, Rule, RuleId, RunRecord, RunRequest, RunStatus
from ichor_testing import isolated_task_queue
from ichor_testing.fake_handlers import FakeHandlers
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner


@dataclass
class Bench:
    """Starts runs for one worker."""

    client: Client
    task_queue: str
    handlers: FakeHandlers

    async def start(self, rule: Rule, case: Case, **changes: object) -> WorkflowHandle[object, object]:
        """Start a run; delays are real unless `case=True`."""
        execution_id = ExecutionId(str(uuid4()))
        request = self.request(rule, case, execution_id, **changes)
        await start_run(self.client, request, workflow_id=f"run-{execution_id}", task_queue=self.task_queue)
        return self.client.get_workflow_handle(f"run-{execution_id}")

    async def fire(self, rule: Rule | None, *, ended: RunRecord | None = None) -> WorkflowHandle[object, object]:
        """Start a run as the schedule of a rule does, at six."""
        rule_id = RuleId(str(uuid4()))
        workflow_id = f"rule-{rule_id}-2026-11-24T06:00:00Z"
        if rule is not None:
            self.handlers.rules[rule_id] = rule
        if ended is not None:
            self.handlers.records[ExecutionId(workflow_id)] = ended
        return await self.client.start_workflow(
            WORKFLOW_TYPE, RunInput(scheduled=Scheduled(rule_id=rule_id)), id=workflow_id, task_queue=self.task_queue
        )

    def request(self, rule: Rule, case: Case, execution_id: ExecutionId, **changes: object) -> RunRequest:
        """Return the request of a run of its own."""
        asked = case.request(rule)
        run = asked.run.model_copy(update={"execution_id": execution_id})
        return asked.model_copy(update={"run": run, "case": False, **changes})

    async def was_continued(self, handle: WorkflowHandle[object, object]) -> bool:
        """Say whether a run was continued as new."""
        info = (await handle.describe()).raw_info
        return info.first_run_id != info.execution.run_id

    async def record(self, handle: WorkflowHandle[object, object]) -> RunRecord:
        """Wait for the end of a run and return its record."""
        try:
            await handle.result()
        except WorkflowFailureError:
            record = self.handlers.records[ExecutionId(handle.id.removeprefix("run-"))]
            assert record.status in (RunStatus.FAILED, RunStatus.CANCELLED)
        return self.handlers.records[ExecutionId(handle.id.removeprefix("run-"))]


@pytest.fixture(params=["sandboxed", "unsandboxed"])
def runner(request: pytest.FixtureRequest) -> WorkflowRunner:
    """Both runners: the sandbox catches what must not be in a workflow, production runs without it."""
    return SandboxedWorkflowRunner() if request.param == "sandboxed" else UnsandboxedWorkflowRunner()


@pytest.fixture
async def bench(temporal_client: Client, runner: WorkflowRunner) -> AsyncGenerator[Bench]:
    """A worker that answers every action with `{}` until its case is set."""
    async with worker(temporal_client, FakeHandlers(), runner) as ready:
        yield ready


@asynccontextmanager
async def worker(
    client: Client, handlers: FakeHandlers, runner: WorkflowRunner, queue: str | None = None
) -> AsyncGenerator[Bench]:
    """Run a worker, on a task queue of its own if none is given."""
    queue = queue or isolated_task_queue()
    async with Worker(
        client,
        task_queue=queue,
        workflows=[ExecuteGraphWorkflow],
        activities=handlers.activities(),
        workflow_runner=runner,
        max_concurrent_activities=200,
        max_heartbeat_throttle_interval=timedelta(seconds=0.1),
    ):
        yield Bench(client, queue, handlers)
