"""What an activity is told: which action of which run, and its resolved config."""

from typing import Any
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field

from ichor_models.duration import Duration
from ichor_models.event import Lineage
from ichor_models.ids import ApplicationId, EventId, ExecutionId, RuleId
from ichor_models.model import Model
from ichor_models.stored_value import StoredPlace


def _is_none(value: object) -> bool:
    return value is None


def _is_empty(value: tuple[object, ...]) -> bool:
    return not value


_NAMESPACE = UUID("6f1c8c1e-5b0e-4b57-9a53-0d6a4f1b7f0a")


class SecretPlace(Model):
    """Where a secret belongs: the path of a string in the config, and the offset of `{{secret:name}}` in it."""

    path: tuple[str | int, ...]
    start: int = Field(ge=0)
    name: str


class EventHeader(Model):
    """The event behind a run, without its data."""

    event_id: EventId
    event_type: str
    entity_name: str | None = None
    entity_id: ApplicationId | None = None
    user_id: ApplicationId | None = None
    timestamp: AwareDatetime | None = None
    lineage: Lineage | None = Field(default=None, exclude_if=lambda value: value is None)


class RunHeader(Model):
    """The run that an action belongs to."""

    execution_id: ExecutionId
    rule_id: RuleId
    rule_name: str
    event: EventHeader


class ActionCall(Model):
    """One action to do. `key` identifies the action in its graph, `name` is for people.

    `max_attempts` and `backoff`, the first pause between two, are the action's own, None where those of its type hold.
    `ask` counts the questions of an action that asks, from 1. `reads` are the paths of its result that other actions
    read: what of a large one must travel. `largest` is how many bytes the result may have that travels in this graph,
    None where only the deployment's limit holds. `stored` are the values of its config that lie in the store.

    The `config` is JSON that was resolved before, and is not looked through: it may have megabytes, and a workflow only
    moments.
    """

    run: RunHeader
    key: str
    name: str
    type: str
    config: dict[str, Any]
    secrets: tuple[SecretPlace, ...] = ()
    max_attempts: int | None = None
    backoff: Duration | None = Field(default=None, exclude_if=_is_none)
    ask: int = 1
    reads: tuple[str, ...] = Field(default=(), exclude_if=_is_empty)
    largest: int | None = Field(default=None, exclude_if=_is_none)
    stored: tuple[StoredPlace, ...] = Field(default=(), exclude_if=_is_empty)

    @property
    def idempotency_key(self) -> str:
        """Return what stays the same over all retries of this action of this run."""
        return f"{self.run.execution_id}:{self.key}"

    def new_id(self, purpose: str = "") -> UUID:
        """Return an id for something that this action makes, the same in every attempt."""
        return uuid5(_NAMESPACE, f"{self.idempotency_key}:{purpose}")
