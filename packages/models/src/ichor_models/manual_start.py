"""A person, or a program for one, starts a rule by hand: what its run is told."""

from pydantic import AwareDatetime, Field, JsonValue

from ichor_models.action_call import EventHeader
from ichor_models.event import EventType
from ichor_models.ids import ApplicationId, EventId, RuleId
from ichor_models.model import Model
from ichor_models.stored_value import PlainObject


class ManualStart(Model):
    """One start of one rule, whatever its trigger; the same `event_id` is the same start."""

    rule_id: RuleId
    event_id: EventId
    user_id: ApplicationId
    timestamp: AwareDatetime
    entity_id: ApplicationId | None = None
    data: PlainObject = Field(default_factory=dict)

    def event(self, entity_name: str | None) -> EventHeader:
        """Return the event behind the run; the entity is the rule's, where it has one."""
        return EventHeader(
            event_id=self.event_id,
            event_type=EventType.MANUAL.value,
            entity_name=entity_name,
            entity_id=self.entity_id,
            user_id=self.user_id,
            timestamp=self.timestamp,
        )

    def trigger_data(self, event: EventHeader) -> dict[str, JsonValue]:
        """Return what a graph sees: the data with the event's fields laid over it."""
        return {**self.data, **event.model_dump(mode="json", exclude_none=True)}
