"""A scheduled rule comes due: what its run is told, and by what it is known."""

from datetime import datetime

from pydantic import AwareDatetime

from ichor_models.action_call import EventHeader
from ichor_models.event import EventType
from ichor_models.ids import EventId, RuleId
from ichor_models.model import Model


class Firing(Model):
    """One time at which a rule fires; that time is what follows the rule in the id of the workflow.

    `started` is when the workflow started, for one that somebody started under another id.
    """

    rule_id: RuleId
    workflow_id: str
    started: AwareDatetime

    @property
    def event_id(self) -> EventId:
        """Return what makes two starts the same firing."""
        return EventId(self.workflow_id.removeprefix(f"rule-{self.rule_id}-"))

    def event(self, entity_name: str | None) -> EventHeader:
        """Return the event behind the run."""
        return EventHeader(
            event_id=self.event_id,
            event_type=EventType.SCHEDULED.value,
            entity_name=entity_name,
            timestamp=_moment(self.event_id) or self.started,
        )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
