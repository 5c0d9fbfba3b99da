"""`create_alert`: shows users and roles an alert, and closes earlier ones of its kind."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from ichor_activities.alert import ALERTS, Alert, Severity, source_entity_name, write_alert
from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.handler import action
from ichor_activities.row_id import as_uuid
from ichor_activities.table import document


def _or_medium(value: object) -> object:
    return "medium" if value in (None, "") else value


class Recipients(Config):
    """Who sees the alert, by id."""

    users: tuple[UUID, ...] = Field(default=(), description="ids of users; with no roles at least one")
    roles: tuple[UUID, ...] = Field(
        default=(), description="ids of roles, all of whose users see it; with no users at least one"
    )

    @model_validator(mode="after")
    def _somebody(self) -> "Recipients":
        if not self.users and not self.roles:
            raise ValueError("name at least one user or role")
        return self


class CreateAlertConfig(Config):
    """What the alert says, to whom; `resolve_prior` closes open ones of the same row and type."""

    message: str = Field(description="what it says")
    recipients: Recipients = Field(description="who sees it")
    severity: Annotated[Severity, BeforeValidator(_or_medium)] = Field(
        default="medium", description="how urgent it is; empty means medium"
    )
    alert_type: str = Field(default="", description="a word that groups alerts of one kind")
    title: str = Field(default="", description="the line above the message")
    action_url: str = Field(default="", description="where a click leads")
    context: dict[str, JsonValue] | None = Field(
        default=None, description="more data for the application that shows it; null means none"
    )
    resolve_prior: bool = Field(
        default=False,
        description="whether open alerts of the event's row and this `alert_type` are resolved; without a type none",
    )


class CreateAlertResult(Result):
    """The alert's id, and how many earlier ones were closed."""

    alert_id: UUID
    status: str = "created"
    resolved_count: int


@action("create_alert", transactional=True)
async def create_alert(config: CreateAlertConfig, run: ActionContext) -> CreateAlertResult:
    """Write an alert for users and roles; the ids come from the run and the action."""
    alert_id = run.new_id("alert")
    resolved = await _resolve_prior(config, run) if config.resolve_prior else 0
    alert = Alert(
        id=alert_id,
        type=config.alert_type,
        severity=config.severity,
        title=config.title,
        message=config.message,
        context=config.context or {},
        action_url=config.action_url,
    )
    await write_alert(run, alert, users=config.recipients.users, roles=config.recipients.roles)
    return CreateAlertResult(alert_id=alert_id, resolved_count=resolved)


async def _resolve_prior(config: CreateAlertConfig, run: ActionContext) -> int:
    """Resolve the open alerts of the event's row; those from before migration 0022 have it only where it is a UUID."""
    if not run.event.entity_id or not config.alert_type:
        return 0
    return await run.transaction.execute(
        f"UPDATE {ALERTS.sql} SET status = 'resolved', updated_date = {ALERTS.typed('updated_date', 1)}"
        f" WHERE (source_entity_id = {ALERTS.typed('source_entity_id', 2)}"
        " OR source_row_id = $4 AND source_entity_name IS NOT DISTINCT FROM $5)"
        " AND alert_type = $3 AND status::text IN ('active', 'acknowledged')",
        document({"updated_date": datetime.now(UTC).isoformat()}),
        document({"source_entity_id": as_uuid(run.event.entity_id)}),
        config.alert_type,
        run.event.entity_id,
        source_entity_name(run),
    )
