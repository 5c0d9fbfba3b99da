"""What somebody would write in place of a graph: plain Temporal workflows with everything that a run of ours gives.

Each action gets the same input, id, summary, time limits and retries; start and end of the run are written down the
same, and the status is shown in the same search attribute.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from ichor_executor.temporal.recording import record_end, record_start
from ichor_executor.temporal.workflow import STATUS
from ichor_models import NORMAL, ActionCall, ActionRecord, ActionState, RunHeader, RunOptions, RunRecord, RunStatus
from ichor_models.model import Model
from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import RetryPolicy

TYPE = "log_audit_entry"
KEYS = UUID("0b0f2f4e-58a5-4f0e-9f0c-7c58b5b5a8a1")
_TIMEOUT, _BEAT = NORMAL.timeout, timedelta(minutes=1)
_RETRIES = RetryPolicy(initial_interval=NORMAL.backoff, maximum_interval=timedelta(minutes=10))
_MOST_IN_FLIGHT = RunOptions().max_in_flight

type Result = dict[str, JsonValue]


class Task(Model):
    """What a hand-written workflow is started with: the run, its data, and how many steps or wings it has."""

    run: RunHeader
    trigger_data: dict[str, JsonValue]
    size: int


class Acts:
    """Does actions, and knows in the end what was done."""

    def __init__(self, run: RunHeader) -> None:
        self._run = run
        self._done: list[ActionRecord] = []
        self._started = asyncio.create_task(record_start(run.execution_id))

    async def act(self, name: str, message: str) -> Result:
        """Do one action."""
        key = str(uuid5(KEYS, name))
        call = ActionCall(run=self._run, key=key, name=name, type=TYPE, config={"message": message})
        result: Any = await workflow.execute_activity(
            TYPE,
            call,
            result_type=dict,
            activity_id=name,
            summary=name,
            start_to_close_timeout=_TIMEOUT,
            heartbeat_timeout=_BEAT,
            retry_policy=_RETRIES,
        )
        self._done.append(ActionRecord(key=key, name=name, type=TYPE, state=ActionState.COMPLETED))
        return result

    async def end(self) -> dict[str, str]:
        """Write down how it ended, and show it."""
        await self._started
        order = tuple(record.name for record in self._done)
        record = RunRecord(status=RunStatus.COMPLETED, actions=tuple(self._done), order=order)
        await record_end(self._run.execution_id, record)
        workflow.upsert_search_attributes([STATUS.value_set(record.status.value)])  # pyright: ignore[reportUnknownMemberType] (the SDK's own union)
        return {"status": record.status.value}


@workflow.defn(name="HandWrittenChain")
class Chain:
    """Actions one after the other."""

    @workflow.run
    async def run(self, task: Task) -> dict[str, str]:
        """Run to the end."""
        acts, entity = Acts(task.run), task.trigger_data["entity_id"]
        result = await acts.act("step 0", f"{entity} begins")
        for number in range(1, task.size):
            result = await acts.act(f"step {number}", f"{entity} after {result['audit_id']}")
        return await acts.end()


@workflow.defn(name="HandWrittenDiamond")
class Diamond:
    """A fork of two and a join."""

    @workflow.run
    async def run(self, task: Task) -> dict[str, str]:
        """Run to the end."""
        acts = Acts(task.run)
        first = await acts.act("first", f"{task.trigger_data['entity_id']} begins")
        left, right = await asyncio.gather(
            acts.act("left", f"left of {first['audit_id']}"), acts.act("right", f"right of {first['audit_id']}")
        )
        await acts.act("last", f"{left['audit_id']} and {right['audit_id']}")
        return await acts.end()


@workflow.defn(name="HandWrittenFan")
class Fan:
    """Actions side by side, not more at once than a run of ours has, and a join."""

    @workflow.run
    async def run(self, task: Task) -> dict[str, str]:
        """Run to the end."""
        acts, entity = Acts(task.run), task.trigger_data["entity_id"]
        gate = asyncio.Semaphore(_MOST_IN_FLIGHT)

        async def wing(number: int) -> Result:
            async with gate:
                return await acts.act(f"wing {number}", f"{entity} wing {number}")

        await asyncio.gather(*map(wing, range(task.size)))
        await acts.act("last", f"{entity} ends")
        return await acts.end()


RIVALS = (Chain, Diamond, Fan)
