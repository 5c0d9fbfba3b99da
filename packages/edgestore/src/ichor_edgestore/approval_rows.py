"""What an approval leaves in the database: its row, one alert for those who are asked, and an event for each step."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from math import ceil
from typing import Any
from uuid import UUID

import asyncpg
from ichor_models import ActionCall, Approval, Approvers, EventType, Lineage, OpenedQuestion, Vote, next_lineage

from ichor_edgestore.database import Session
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.query_file import load_queries

PENDING, TIMED_OUT, EXPIRED = "pending", "timed_out", "expired"
_QUERIES = load_queries("approvals")
_HOUR = timedelta(hours=1)


async def open_in(session: Session, call: ActionCall, opened: OpenedQuestion, approval: Approval) -> None:
    """Write the approval of a question that was opened."""
    event, asked, escalation = call.run.event, approval.approvers, approval.escalation
    await session.execute(
        _QUERIES["open"],
        opened.id,
        call.name,
        asked.users,
        asked.roles,
        str(approval.type),
        approval.needed,
        ceil(opened.question.timeout / _HOUR),
        approval.message,
        approval.remind_every,
        escalation and escalation.after,
        next_lineage(call.run).model_dump(mode="json"),
    )
    title = f"Approval: {call.run.rule_name}"
    message = approval.message or f"{call.name} waits for a decision."
    row = (event.entity_name, as_uuid(event.entity_id), event.entity_id)
    await session.execute(_QUERIES["alert"], opened.id, title, message, *row)
    await _notify(session, opened.id, asked)
    await _tell(session, opened.id, "created", user=event.user_id)


async def resolve_in(
    session: Session, id: UUID, status: str, vote: Vote | None = None, lineage: Lineage | None = None
) -> None:
    """Resolve an approval, by the vote that decided where one did; `lineage` is that of a run that voted."""
    by = (as_uuid(vote.person.id), vote.person.name or vote.person.id, vote.reason) if vote else (None, None, None)
    if await session.execute(_QUERIES["resolve"], id, status, *by):
        await session.execute(_QUERIES["quiet"], id)
        changes = {"status": {"old_value": PENDING, "new_value": status}}
        await _tell(session, id, "resolved", changes, user=vote.person.id if vote else None, lineage=lineage)


async def remind_in(session: Session, row: asyncpg.Record) -> None:
    """Do what is due for an approval: remind, or escalate, or both."""
    id, approval = row["id"], Approval.model_validate(row["approval"])
    await session.execute(_QUERIES["wake"], id)
    if row["is_reminder"]:
        await session.execute(_QUERIES["remind"], id, approval.remind_every)
        count = row["reminders"] + 1
        changes = {"reminders": {"old_value": count - 1, "new_value": count}}
        await _tell(session, id, f"reminder:{count}", changes)
    if row["is_escalation"] and approval.escalation is not None:
        added = approval.escalation.approvers
        await session.execute(_QUERIES["escalate"], id, added.users, added.roles)
        await _notify(session, id, added)
        await _tell(session, id, "escalated", {"escalated": {"old_value": False, "new_value": True}})


async def _notify(session: Session, id: UUID, people: Approvers) -> None:
    await session.execute(_QUERIES["recipients"], id, people.users, _uuids(people.roles))


async def _tell(
    session: Session,
    id: UUID,
    step: str,
    changes: Mapping[str, Any] | None = None,
    *,
    user: str | None = None,
    lineage: Lineage | None = None,
) -> None:
    """Emit the event of a step; each has an id of its own, so that none is told twice."""
    what = EventType.ON_UPDATE if changes else EventType.ON_CREATE
    way = lineage and lineage.model_dump(mode="json")
    await session.row(_QUERIES["tell"], id, str(what), changes, user, f"{id}:{step}", way)


def _uuids(texts: Iterable[str]) -> list[UUID]:
    return [id for text in texts if (id := as_uuid(text)) is not None]
