"""`create_alert`: shows users and roles an alert, and closes earlier ones of its kind."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from ichor_models import Transaction
from pydantic import BeforeValidator, JsonValue, model_validator

from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.handler import action
from ichor_activities.row import insert_row
from ichor_activities.row_id import as_uuid
from ichor_activities.table import Table, document

_ALERTS = Table("workflow", "alerts")
_RECIPIENTS = Table("workflow", "alert_recipients")


def _or_medium(value: object) -> object:
    return "medium" if value in (None, "") else value


class Recipients(Config):
    """Who sees the alert, by id."""

    users: tuple[UUID, ...] = ()
    roles: tuple[UUID, ...] = ()

    @model_validator(mode="after")
    def _somebody(self) -> "Recipients":
        if not self.users and not self.roles:
            raise ValueError("name at least one user or role")
        return self


class CreateAlertConfig(Config):
    """What the alert says, to whom; `resolve_prior` closes open ones of the same row and type."""

    message: str
    recipients: Recipients
    severity: Annotated[Literal["low", "medium", "high", "critical"], BeforeValidator(_or_medium)] = "medium"
    alert_type: str = ""
    title: str = ""
    action_url: str = ""
    context: dict[str, JsonValue] | None = None
    resolve_prior: bool = False


class CreateAlertResult(Result):
    """The alert's id, and how many earlier ones were closed."""

    alert_id: UUID
    status: str = "created"
    resolved_count: int


@action("create_alert", transactional=True)
async def create_alert(config: CreateAlertConfig, run: ActionContext) -> CreateAlertResult:
    """Write the alert and its recipients; their ids come from the run and the action."""
    alert_id, now = run.new_id("alert"), datetime.now(UTC).isoformat()
    resolved = await _resolve_prior(config, run, now) if config.resolve_prior else 0
    rule = await _known_rule(run.transaction, as_uuid(run.run.rule_id))
    values: dict[str, JsonValue] = {
        "id": str(alert_id),
        "alert_type": config.alert_type,
        "severity": config.severity,
        "title": config.title,
        "message": config.message,
        "context": config.context or {},
        "source_entity_name": run.event.entity_name,
        "source_entity_id": as_uuid(run.event.entity_id),
        "source_rule_id": rule,
        "status": "active",
        "created_date": now,
        "updated_date": now,
    }
    if config.action_url:
        values["action_url"] = config.action_url
    await insert_row(run.transaction, _ALERTS, values)
    for kind, ids in (("user", config.recipients.users), ("role", config.recipients.roles)):
        for id in dict.fromkeys(ids):
            await insert_row(run.transaction, _RECIPIENTS, _recipient(run, alert_id, kind, id, now))
    return CreateAlertResult(alert_id=alert_id, resolved_count=resolved)


def _recipient(run: ActionContext, alert_id: UUID, kind: str, id: UUID, now: str) -> dict[str, JsonValue]:
    return {
        "id": str(run.new_id(f"recipient:{kind}:{id}")),
        "alert_id": str(alert_id),
        "recipient_type": kind,
        "recipient_id": str(id),
        "created_date": now,
    }


async def _resolve_prior(config: CreateAlertConfig, run: ActionContext, now: str) -> int:
    entity = as_uuid(run.event.entity_id)
    if entity is None or not config.alert_type:
        return 0
    return await run.transaction.execute(
        f"UPDATE {_ALERTS.sql} SET status = 'resolved', updated_date = {_ALERTS.typed('updated_date', 1)}"
        f" WHERE source_entity_id = {_ALERTS.typed('source_entity_id', 2)} AND alert_type = $3"
        " AND status::text IN ('active', 'acknowledged')",
        document({"updated_date": now}),
        document({"source_entity_id": entity}),
        config.alert_type,
    )


async def _known_rule(transaction: Transaction, rule: str | None) -> str | None:
    """Return the rule's id, None where its row was deleted since the run began."""
    rows = await transaction.fetch("SELECT 1 FROM workflow.automation_rules WHERE id::text = $1", rule or "")
    return rule if rows else None
