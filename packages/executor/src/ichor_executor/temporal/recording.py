"""What a run writes down about itself and its questions, by activities of the engine that are tried until they work."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from ichor_models import ExecutionId, Reply, RuleId, RunRecord

    from ichor_executor.temporal.records import (
        CLOSE_QUESTION,
        DROP_QUESTIONS,
        PIN_FIRING,
        RUN_ENDED,
        RUN_STARTED,
        UNKNOWN_RUN,
        PinnedFiring,
    )

_RETRIES = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))
_ATTEMPT = timedelta(seconds=30)
_LONGEST_PINNING = timedelta(days=1)


async def pin_firing(rule_id: RuleId) -> PinnedFiring:
    """Write down that a rule fires, and return what the run does; fail where that could not be done for a day."""
    return await workflow.execute_activity(
        PIN_FIRING,
        str(rule_id),
        activity_id=PIN_FIRING,
        result_type=PinnedFiring,
        start_to_close_timeout=_ATTEMPT,
        schedule_to_close_timeout=_LONGEST_PINNING,
        retry_policy=_RETRIES,
    )


async def record_start(execution_id: ExecutionId) -> None:
    """Write down that a run is under way."""
    await _record(RUN_STARTED, RUN_STARTED, None, execution_id)


async def record_end(execution_id: ExecutionId, record: RunRecord) -> None:
    """Write down how a run ended."""
    await _record(RUN_ENDED, RUN_ENDED, None, execution_id, record)


async def close_question(execution_id: ExecutionId, action_key: str, ask: int) -> Reply | None:
    """Close a question whose time is over; return the reply that came in time after all."""
    name = f"{CLOSE_QUESTION}:{action_key}:{ask}"
    return await _record(CLOSE_QUESTION, name, Reply, execution_id, action_key, ask)


async def drop_questions(execution_id: ExecutionId, asks: Sequence[tuple[str, int]]) -> None:
    """Close the questions of a run whose replies it does not wait for: the key of each action, and which ask."""
    await _record(DROP_QUESTIONS, f"{DROP_QUESTIONS}:{asks[0][0]}:{asks[0][1]}", None, execution_id, asks)


async def shielded(work: Awaitable[None]) -> None:
    """Wait for something to its end, whatever cancels this workflow meanwhile."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
    task.result()


async def _record(activity: str, activity_id: str, result_type: type[Any] | None, *arguments: Any) -> Any:
    """Do it however long that takes; a run whose row is gone goes on without."""
    try:
        return await workflow.execute_activity(
            activity,
            args=arguments,
            activity_id=activity_id,
            result_type=result_type,
            start_to_close_timeout=_ATTEMPT,
            retry_policy=_RETRIES,
        )
    except ActivityError as error:
        if not isinstance(error.cause, ApplicationError) or error.cause.type != UNKNOWN_RUN:
            raise
        workflow.logger.warning("%s: %s", activity, error.cause.message)
        return None
