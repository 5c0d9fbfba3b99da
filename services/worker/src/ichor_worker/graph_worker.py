"""The Temporal worker that runs graphs and their actions, kept up for as long as the program runs."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from ichor_executor.temporal import ExecuteGraphWorkflow
from ichor_service import Stop, Stopped, Unreachable, growing_pauses, reason
from prometheus_client import CollectorRegistry
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import (
    Interceptor,
    PollerBehaviorAutoscaling,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkerDeploymentConfig,
)

from ichor_worker.action_metrics import ActionMetrics
from ichor_worker.run_logs import RunLogs

type Activities = Sequence[Callable[..., Any]]

MOST_ACTIVITIES = 200
"""How many actions are done at once."""
MOST_WORKFLOW_TASKS = 20
"""How many runs decide what to do next at once; they take turns on one core."""
MOST_CACHED_WORKFLOWS = 1000
"""How many runs are kept in memory; the others are replayed when something happens to them."""
_LONGEST_STEP = 120
"""Seconds that a run may take to decide what to do next, as many as Temporal lets a workflow ask for."""
_LONGEST_THROTTLE = timedelta(seconds=5)
"""How long a heartbeat may be kept back: its answer says that an action was cancelled."""
_log = structlog.stdlib.get_logger(__name__)


class GraphWorker:
    """Runs one Temporal worker after another: a next one where the last one failed; for workflows, actions or both.

    With a `version` a run stays with the version that it began on (docs/upgrades.md).
    """

    def __init__(
        self,
        task_queue: str,
        registry: CollectorRegistry,
        *,
        workflows: bool = True,
        actions: bool = True,
        traces: Interceptor | None = None,
        version: WorkerDeploymentVersion | None = None,
    ) -> None:
        self._task_queue = task_queue
        # The trace is outside, so that what the others log belongs to it.
        self._interceptors = [*([traces] if traces else []), RunLogs(), ActionMetrics(registry)]
        self._workflows = workflows
        self._actions = actions
        self._version = version
        self._worker: Worker | None = None

    async def probe(self) -> None:
        """Raise where no worker is running."""
        if self._worker is None or not self._worker.is_running:
            raise Unreachable("the Temporal worker is not running")

    async def run(self, client: Client, activities: Activities, stop: Stop) -> None:
        """Work until told to stop; what is under way is then finished, or cancelled for another worker to do."""
        with suppress(Stopped):
            for pause in growing_pauses():
                try:
                    await self._work(self._new_worker(client, activities, stop.time_to_finish), stop)
                except Exception as error:
                    _log.error("the Temporal worker failed, starting another", reason=reason(error))
                await stop.sleep(pause)

    async def _work(self, worker: Worker, stop: Stop) -> None:
        self._worker = worker
        running, asked = asyncio.create_task(worker.run()), asyncio.create_task(stop.wait())
        _log.info("working", task_queue=self._task_queue)
        try:
            await asyncio.wait((running, asked), return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await worker.shutdown()
            await running
        finally:
            asked.cancel()

    def _new_worker(self, client: Client, activities: Activities, time_to_finish: timedelta) -> Worker:
        worker = Worker(
            client,
            task_queue=self._task_queue,
            workflows=[ExecuteGraphWorkflow] if self._workflows else [],
            activities=activities if self._actions else [],
            workflow_runner=UnsandboxedWorkflowRunner(),
            interceptors=self._interceptors,
            max_concurrent_activities=MOST_ACTIVITIES,
            max_concurrent_workflow_tasks=MOST_WORKFLOW_TASKS,
            max_cached_workflows=MOST_CACHED_WORKFLOWS,
            workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
            activity_task_poller_behavior=PollerBehaviorAutoscaling(),
            graceful_shutdown_timeout=time_to_finish,
            deployment_config=_pinned(self._version),
            max_heartbeat_throttle_interval=_LONGEST_THROTTLE,
        )
        _give_time(worker)
        return worker


def _give_time(worker: Worker) -> None:
    """Let a step of a run take longer than the two seconds of the SDK, which has no setting for them.

    On a busy machine a large run takes longer. It would then fail at each attempt, while Temporal gives each one more
    time than the one before. `debug_mode` would lift the limit, too, but runs each step in the event loop. Where a
    newer SDK keeps its limit elsewhere, that holds.
    """
    workflows: Any = getattr(worker, "_workflow_worker", None)
    if workflows is not None:
        workflows._deadlock_timeout_seconds = _LONGEST_STEP


def _pinned(version: WorkerDeploymentVersion | None) -> WorkerDeploymentConfig | None:
    if version is None:
        return None
    return WorkerDeploymentConfig(
        version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.PINNED
    )
