"""One activity per action type, named after it, and one for the types that no handler knows."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ichor_models import ActionCall, ActionError, ActionJournal, ActionPolicy
from pydantic import JsonValue
from temporalio import activity

from ichor_activities.handler import AnyHandler
from ichor_activities.performer import Attempt, Performer
from ichor_activities.secret_source import SecretSource
from ichor_activities.services import Services
from ichor_activities.temporal.application_error import as_application_error
from ichor_activities.temporal.unknown_type import unknown_type

UNKNOWN_GRACE = timedelta(minutes=2)
_MARGIN = timedelta(seconds=1)


def activities(
    registry: Mapping[str, AnyHandler],
    journal: ActionJournal,
    services: Services,
    secrets: SecretSource,
    unknown_grace: timedelta = UNKNOWN_GRACE,
) -> list[Callable[..., Any]]:
    """Return what a worker registers. The client's data converter must be `pydantic_data_converter`."""
    performer = Performer(journal, services, secrets)
    return [*(_activity(handler, performer) for handler in registry.values()), unknown_type(unknown_grace)]


def _activity(handler: AnyHandler, performer: Performer) -> Callable[..., Any]:
    policy = handler.type.policy

    @activity.defn(name=handler.type.name)
    async def perform(call: ActionCall) -> dict[str, JsonValue]:
        info = activity.info()
        try:
            return await performer.perform(handler, call, Attempt(info.attempt, _seconds(info, policy)))
        except ActionError as error:
            raise as_application_error(error, is_last=_is_last(info, policy)) from None

    return perform


def _seconds(info: activity.Info, policy: ActionPolicy) -> float:
    """Return how long an attempt may take: a little less than Temporal waits, so that the error says what happened."""
    limit = info.start_to_close_timeout or policy.timeout
    return (limit - min(_MARGIN, limit / 10)).total_seconds()


def _is_last(info: activity.Info, policy: ActionPolicy) -> bool:
    """Say whether the type's limit ends the action here, since the workflow set none."""
    limited = info.retry_policy is not None and info.retry_policy.maximum_attempts > 0
    return not limited and info.attempt >= policy.max_attempts
