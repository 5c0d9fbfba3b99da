"""How Temporal is asked to do one action: its id, summary, time limits and retries."""

from datetime import timedelta
from typing import TypedDict

from ichor_models import Action
from ichor_models.retry_pause import LONGEST_PAUSE
from temporalio.common import RetryPolicy

from ichor_executor.temporal.policies import policy_of
from ichor_executor.temporal.summary import cut, summary_of

_LONGEST_ID = 200
_SIGN_OF_LIFE = timedelta(minutes=1)
"""How long an activity may give no heartbeat, before its worker is taken for dead."""


class ActivityOptions(TypedDict):
    """Keyword arguments of `workflow.start_activity`."""

    activity_id: str
    summary: str
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta | None
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


def activity_options(action: Action, index: int) -> ActivityOptions:
    """Return the options of an action's activity: its own where it has them, else those of its type.

    Temporal does not count attempts: the activity does, by those that began (`ActionCall.max_attempts`).
    """
    own, policy = action.options, policy_of(action.type)
    backoff = own.backoff or policy.backoff
    return ActivityOptions(
        activity_id=activity_id(action.name, index),
        summary=summary_of(action.name),
        start_to_close_timeout=own.timeout or policy.timeout,
        schedule_to_close_timeout=own.deadline,
        heartbeat_timeout=_SIGN_OF_LIFE,
        retry_policy=RetryPolicy(
            initial_interval=backoff,
            maximum_interval=max(backoff, LONGEST_PAUSE),
        ),
    )


def activity_id(name: str, index: int) -> str:
    """Return an id that reads like the action's name and is unique in its run; `ichor.` is the engine's own."""
    looks_numbered = name.partition(":")[0].isdigit()
    if len(name.encode()) > _LONGEST_ID or name.startswith("ichor.") or looks_numbered:
        return f"{index}:{cut(name, _LONGEST_ID)}"
    return name
