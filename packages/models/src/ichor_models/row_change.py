"""What an action did to a row of the application, and the event that tells it to other rules."""

from collections import Counter

from pydantic import Field

from ichor_models.action_call import ActionCall
from ichor_models.cascade import next_lineage
from ichor_models.event import EntityEvent, EventType, FieldChange
from ichor_models.ids import ApplicationId, EventId
from ichor_models.model import Model
from ichor_models.stored_value import PlainObject


class RowChange(Model):
    """One change of one row; `entity_name` is the table without its schema, `raw_data` the row as it is now."""

    event_type: EventType
    entity_name: str = Field(min_length=1, max_length=200)
    entity_id: ApplicationId | None = None
    raw_data: PlainObject = Field(default_factory=dict)
    field_changes: dict[str, FieldChange] | None = None


class CausedEvents:
    """The events of one action: the same changes have the same ids in every attempt, and no two share one."""

    def __init__(self, call: ActionCall) -> None:
        self._call = call
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def of(self, change: RowChange) -> EntityEvent:
        """Return the event of the next change: by the user of the run's event, with the run in its lineage."""
        what = (change.event_type.value, change.entity_name, change.entity_id or "")
        self._seen[what] += 1
        purpose = ":".join(("event", str(self._call.ask), *what, str(self._seen[what])))
        return EntityEvent(
            event_id=EventId(str(self._call.new_id(purpose))),
            event_type=change.event_type,
            entity_name=change.entity_name,
            entity_id=change.entity_id,
            user_id=self._call.run.event.user_id,
            raw_data=change.raw_data,
            field_changes=change.field_changes,
            lineage=next_lineage(self._call.run),
        )
