"""Alerts: what users and roles are shown in the application."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from ichor_models import Transaction
from pydantic import JsonValue

from ichor_activities.context import ActionContext
from ichor_activities.row import insert_row
from ichor_activities.row_id import as_uuid
from ichor_activities.table import Table

ALERTS = Table("workflow", "alerts")
_LONGEST_ENTITY = 100
"""As many characters the column has in an existing Ichor database."""
_RECIPIENTS = Table("workflow", "alert_recipients")

type Severity = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class Alert:
    """What an alert says."""

    id: UUID
    type: str
    severity: Severity
    title: str
    message: str
    context: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    action_url: str = ""


def source_entity_name(run: ActionContext) -> str | None:
    """Return the entity of the event's row as alerts have it."""
    return run.event.entity_name and run.event.entity_name[:_LONGEST_ENTITY]


async def write_alert(run: ActionContext, alert: Alert, *, users: Iterable[UUID], roles: Iterable[UUID] = ()) -> None:
    """Write an alert and its recipients; their ids come from the run and the action."""
    now = datetime.now(UTC).isoformat()
    values: dict[str, JsonValue] = {
        "id": str(alert.id),
        "alert_type": alert.type,
        "severity": alert.severity,
        "title": alert.title,
        "message": alert.message,
        "context": alert.context,
        "source_entity_name": source_entity_name(run),
        "source_entity_id": as_uuid(run.event.entity_id),
        "source_row_id": run.event.entity_id,
        "source_rule_id": await _known_rule(run.transaction, as_uuid(run.run.rule_id)),
        "status": "active",
        "created_date": now,
        "updated_date": now,
    }
    if alert.action_url:
        values["action_url"] = alert.action_url
    await insert_row(run.transaction, ALERTS, values)
    for kind, ids in (("user", users), ("role", roles)):
        for id in dict.fromkeys(ids):
            await insert_row(run.transaction, _RECIPIENTS, _recipient(run, alert.id, kind, id, now))


def _recipient(run: ActionContext, alert_id: UUID, kind: str, id: UUID, now: str) -> dict[str, JsonValue]:
    return {
        "id": str(run.new_id(f"recipient:{kind}:{id}")),
        "alert_id": str(alert_id),
        "recipient_type": kind,
        "recipient_id": str(id),
        "created_date": now,
    }


async def _known_rule(transaction: Transaction, rule: str | None) -> str | None:
    """Return the rule's id, None where its row was deleted since the run began."""
    rows = await transaction.fetch("SELECT 1 FROM workflow.automation_rules WHERE id::text = $1", rule or "")
    return rule if rows else None
