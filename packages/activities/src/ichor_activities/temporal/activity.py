"""One activity per action type, named after it, and one for the types that no handler knows.

The workflow asks Temporal for any number of attempts; those that count are limited here, by what the journal noted: an
attempt that could not begin, because the store was away, is none.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from ichor_models import DEFAULT_LIMIT, ActionCall, ActionError, ActionJournal, ActionPolicy, Begun, ValueLimit
from ichor_models.retry_pause import retry_pause
from pydantic import JsonValue
from temporalio import activity

from ichor_activities.handler import AnyHandler
from ichor_activities.performer import Attempt, Performer
from ichor_activities.secret_source import SecretSource
from ichor_activities.sender import Sender
from ichor_activities.services import Services
from ichor_activities.temporal.application_error import as_application_error
from ichor_activities.temporal.unknown_type import unknown_type

UNKNOWN_GRACE = timedelta(minutes=2)
_MARGIN = timedelta(seconds=1)
_BEAT_SECONDS = 5.0
_AWAY_PAUSE = timedelta(seconds=5)


def activities(
    registry: Mapping[str, AnyHandler],
    journal: ActionJournal,
    services: Services,
    secrets: SecretSource,
    unknown_grace: timedelta = UNKNOWN_GRACE,
    sender: Sender | None = None,
    limit: ValueLimit = DEFAULT_LIMIT,
) -> list[Callable[..., Any]]:
    """Return what a worker registers. The client must write payloads as pydantic's JSON."""
    performer = Performer(journal, services, secrets, sender, limit)
    return [*(_activity(handler, performer) for handler in registry.values()), unknown_type(unknown_grace)]


def _activity(handler: AnyHandler, performer: Performer) -> Callable[..., Any]:
    @activity.defn(name=handler.type.name)
    async def perform(call: ActionCall) -> dict[str, JsonValue]:
        async with _signs_of_life():
            return await _attempt(handler, performer, call)

    return perform


async def _attempt(handler: AnyHandler, performer: Performer, call: ActionCall) -> dict[str, JsonValue]:
    info, policy = activity.info(), handler.type.policy
    limit = call.max_attempts or policy.max_attempts
    try:
        begun = await performer.begin(call)
    except ActionError as error:
        raise as_application_error(error, pause=_AWAY_PAUSE) from None
    if begun.recorded is not None:
        return begun.recorded
    if begun.attempt > limit:
        error = _last_failure(begun) or _lost(call, limit)
        await _withdraw(handler, performer, call)
        await performer.fail(call, error)
        raise as_application_error(error, is_last=True)
    try:
        return await performer.perform(handler, call, Attempt(begun.attempt, _seconds(info, policy)))
    except ActionError as error:
        is_last = begun.attempt >= limit or not error.retryable
        if is_last:
            await _withdraw(handler, performer, call)
        pause = retry_pause(call.backoff or policy.backoff, begun.attempt)
        raise as_application_error(error, is_last=is_last, pause=pause) from None


async def _withdraw(handler: AnyHandler, performer: Performer, call: ActionCall) -> None:
    """Let nobody answer in vain what an action asked that failed for good; it does not fail before that is certain."""
    if handler.asks:
        try:
            await performer.journal.withdraw(call)
        except ActionError as error:
            raise as_application_error(error, pause=_AWAY_PAUSE) from None


@asynccontextmanager
async def _signs_of_life() -> AsyncGenerator[None]:
    """Heartbeat, so that Temporal notices soon that a worker died, and this worker that an action was cancelled."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            activity.heartbeat()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


def _last_failure(begun: Begun) -> ActionError | None:
    """Return how the last attempt failed, where Temporal did not hear of it in time."""
    match begun.failure:
        case {"message": str(message), "type": str(type_), "retryable": bool(retryable)}:
            return ActionError(message, type=type_, retryable=retryable)
        case _:
            return None


def _lost(call: ActionCall, limit: int) -> ActionError:
    attempts = "its only attempt" if limit == 1 else f"the last of its {limit} attempts"
    return ActionError(f"The worker that made {attempts} at {call.name!r} did not come back.", type="timeout")


def _seconds(info: activity.Info, policy: ActionPolicy) -> float:
    """Return how long an attempt may take: a little less than Temporal waits, so that the error says what happened."""
    limit = info.start_to_close_timeout or policy.timeout
    return (limit - min(_MARGIN, limit / 10)).total_seconds()
