"""The Temporal workflow: it takes a run to its end and closes as that end is."""

from collections import deque
from collections.abc import Callable

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError, CancelledError

from ichor_executor.temporal.graph_run import STOP as STOP
from ichor_executor.temporal.graph_run import GraphRun
from ichor_executor.temporal.recording import pin_firing, record_end

with workflow.unsafe.imports_passed_through():
    from ichor_models import ReplyNotice, RunRecord, RunStatus

    from ichor_executor.errors import CyclicGraph
    from ichor_executor.plan_cache import plan_of
    from ichor_executor.temporal.records import PinnedFiring
    from ichor_executor.temporal.run_input import RunInput

WORKFLOW_TYPE = "ExecuteGraphWorkflow"
REPLY = "ichor.reply"
"""The signal that brings a run the reply to a question."""
NOT_RUN = "not_run"
"""What the workflow of a firing returns whose rule is gone or fires no more."""
STATUS = SearchAttributeKey.for_keyword("IchorStatus")

type Heard = Callable[[GraphRun], None]
"""What a signal tells a run."""


@workflow.defn(name=WORKFLOW_TYPE)
class ExecuteGraphWorkflow:
    """Runs one version of one rule's graph for one event."""

    @workflow.init
    def __init__(self, start: RunInput) -> None:
        self._early: deque[Heard] = deque()
        self._hear: Callable[[Heard], None] = self._early.append

    @workflow.signal(name=REPLY)
    def reply(self, notice: ReplyNotice) -> None:
        """Take the reply to a question; it may come before the run began to listen."""
        self._hear(lambda graph_run: graph_run.hear(notice))

    @workflow.signal(name=STOP)
    def stop(self) -> None:
        """End the run without cleanup."""
        self._hear(GraphRun.stop_at_once)

    @workflow.run
    async def run(self, start: RunInput) -> dict[str, str]:
        """Run to the end and return the status; a failed run fails, a cancelled one is cancelled."""
        request = start.request
        if request is None:
            pinned = await _pinned(start)
            request = pinned.request
            if request is None:
                return _end(pinned.record) if pinned.record else _not_run()
        try:
            plan = plan_of(request.graph)
        except CyclicGraph as error:
            record = RunRecord(
                status=RunStatus.FAILED, error=str(error), error_type="invalid_graph", actions=(), order=()
            )
            await record_end(request.run.execution_id, record)
            return _end(record)
        # The graph that came with the input is let go, for the one that the runs of this worker share.
        start.request = request.model_copy(update={"graph": plan.graph})
        graph_run = GraphRun(plan, start.request, start.carried)
        self._hear = lambda heard: heard(graph_run)
        for heard in self._early:
            heard(graph_run)
        return _end(await graph_run.to_its_end())


async def _pinned(start: RunInput) -> PinnedFiring:
    if start.scheduled is None:
        raise ApplicationError("A run needs a request or a rule.", type="invalid_input", non_retryable=True)
    return await pin_firing(start.scheduled.rule_id)


def _not_run() -> dict[str, str]:
    """Close the workflow of a firing that came too late: nothing is recorded."""
    _show(NOT_RUN)
    return {"status": NOT_RUN, "because": "The rule is gone, inactive or no longer scheduled."}


def _end(record: RunRecord) -> dict[str, str]:
    """Close the workflow as Temporal should see the run (semantics.md, The law)."""
    _show(record.status.value)
    if record.status is RunStatus.CANCELLED:
        raise CancelledError(record.error or "")
    if record.status is RunStatus.FAILED:
        raise ApplicationError(record.error or "The run failed.", type=record.error_type, non_retryable=True)
    return {"status": record.status.value}


def _show(status: str) -> None:
    if STATUS in workflow.info().typed_search_attributes:
        update: SearchAttributeUpdate[str] = STATUS.value_set(status)
        workflow.upsert_search_attributes([update])  # pyright: ignore[reportUnknownMemberType] (the SDK's own union)
