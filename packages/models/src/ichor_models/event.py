"""The entity event: what happened to a row, as it comes from outside. Shape: events.md."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from ichor_models.errors import InvalidEvent
from ichor_models.ids import LONGEST_ID, ApplicationId, EventId
from ichor_models.model import Model
from ichor_models.stored_value import PlainObject
from ichor_models.strict_json import parse_json
from ichor_models.wording import all_in_words

MOST_VISITS = 32
"""How many rules and rows a lineage names; a cascade ends long before (events.md)."""
_LONGEST_VISIT = 250
"""A rule's id, a colon, and a row's id."""


class EventType(StrEnum):
    """What happened."""

    ON_CREATE = "on_create"
    ON_UPDATE = "on_update"
    ON_DELETE = "on_delete"
    SCHEDULED = "scheduled"
    MANUAL = "manual"


def _nothing_as_empty(value: object) -> object:
    return {} if value is None else value


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class FieldChange(Model):
    """One field of an update, before and after."""

    model_config = ConfigDict(extra="ignore")

    old_value: JsonValue = None
    new_value: JsonValue = None


class Lineage(Model):
    """Where an event of a cascade comes from: its first event, how many runs ago, and the rules and rows on the way.

    Every action of a run is told it, so it is short.
    """

    root: str = Field(max_length=LONGEST_ID)
    depth: int = Field(ge=0)
    visited: tuple[Annotated[str, Field(max_length=_LONGEST_VISIT)], ...] = Field(default=(), max_length=MOST_VISITS)


class EntityEvent(Model):
    """One change of one row. Keys that nobody knows are left out, so that newer senders are understood."""

    model_config = ConfigDict(extra="ignore")

    event_id: EventId = Field(min_length=1, max_length=LONGEST_ID)
    event_type: EventType
    entity_name: str = Field(min_length=1, max_length=200)
    entity_id: ApplicationId | None = None
    user_id: ApplicationId | None = None
    timestamp: Annotated[datetime, AfterValidator(_with_zone)] | None = None
    raw_data: Annotated[PlainObject, BeforeValidator(_nothing_as_empty)] = Field(default_factory=dict)
    field_changes: dict[str, FieldChange] | None = None
    lineage: Lineage | None = None

    def trigger_data(self) -> dict[str, JsonValue]:
        """Return what a graph sees: `raw_data` with the event's other fields laid over it."""
        fields = self.model_dump(mode="json", exclude={"raw_data"})
        return {**self.raw_data, **{key: value for key, value in fields.items() if value is not None}}


def parse_event(body: bytes, *, message_id: str | None = None) -> EntityEvent:
    """Read an event from a message's body; `message_id` is its id where the body has none.

    Raises:
        InvalidEvent: the body is no JSON, no object, or lacks or misuses a field.
    """
    try:
        document = parse_json(body)
    except ValueError as error:
        raise InvalidEvent("not_json", f"The body is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise InvalidEvent("not_an_object", "The body must be a JSON object with event_id, event_type and entity_name.")
    if document.get("event_id") is None and message_id:
        document["event_id"] = message_id
    try:
        return EntityEvent.model_validate(document)
    except ValidationError as error:
        raise InvalidEvent("invalid_event", f"The event cannot be used: {all_in_words(error)}.") from error
