"""Events that applications post instead of publishing them to RabbitMQ."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from ichor_models import APPROVALS, LONGEST_ID, ApplicationId, EntityEvent, EventId, EventType, FieldChange, PlainObject
from ichor_models.model import Model
from ichor_service import Scope
from pydantic import AfterValidator, ConfigDict, Field

from ichor_trigger.api.access import ProgramLinks, Sender, require
from ichor_trigger.api.once import ACCEPTED, KEYED, OnceOnly
from ichor_trigger.api.strict_route import StrictRoute

router = APIRouter(tags=["events"], route_class=StrictRoute)

type _Id = Annotated[ApplicationId, Field(min_length=1)]


def _chosen(event_id: str) -> str:
    if event_id.startswith(KEYED):
        raise ValueError(f"it begins with {KEYED}, as ids that follow from an Idempotency-Key; choose another")
    return event_id


class _Change(FieldChange):
    """A change without other keys, which are slips."""

    model_config = ConfigDict(extra="forbid")


class PostedEvent(Model):
    """An entity event. Without an `event_id` it gets one, by the Idempotency-Key if there is one."""

    event_id: Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(_chosen)] | None = None
    event_type: EventType
    entity_name: Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
    entity_id: _Id | None = None
    user_id: _Id | None = Field(default=None, description="Who is behind it, by default the caller.")
    timestamp: datetime | None = Field(default=None, description="When it happened, by default now.")
    raw_data: PlainObject = Field(default_factory=dict)
    field_changes: dict[str, _Change] | None = None


class AcceptedEvent(Model):
    """An event that will be published."""

    event_id: EventId


@router.post("/events", status_code=ACCEPTED, response_model=AcceptedEvent, summary="Post an event")
async def post_event(posted: PostedEvent, caller: Sender, links: ProgramLinks, once: OnceOnly) -> JSONResponse:
    """Write an event into the outbox, which publishes it. An event of a known `event_id` does nothing again."""
    if posted.entity_name.rpartition(".")[2] == APPROVALS:
        require(caller, Scope.OPERATOR, "an event of approvals, which Ichor itself tells of,")
    user = posted.user_id or caller.sub
    if user != caller.sub:
        require(caller, Scope.OPERATOR, "an event of somebody else")
    event_id = posted.event_id or once.event_id
    event = EntityEvent.model_validate(posted.model_dump() | {"event_id": event_id, "user_id": user})

    async def emit() -> AcceptedEvent:
        await once.store.outbox.emit(event, links.settings.max_event_bytes)
        return AcceptedEvent(event_id=event.event_id)

    return await once.answer(emit)
