"""`send_notification`: tells users something in the application."""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from ichor_activities.alert import Alert, Severity, write_alert
from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.handler import action


def _or_low(value: object) -> object:
    return "low" if value in (None, "") else value


class SendNotificationConfig(Config):
    """Who is told what, by user id."""

    recipients: tuple[UUID, ...] = Field(min_length=1, description="ids of users")
    message: str = Field(description="what it says")
    title: str = Field(default="", description="the line above the message")
    priority: Annotated[Severity, BeforeValidator(_or_low)] = Field(
        default="low", description="how urgent it is; empty means low"
    )


class SendNotificationResult(Result):
    """The notification's id, and how many users it was for."""

    notification_id: UUID
    status: str = "sent"
    recipients: int


@action("send_notification", transactional=True)
async def send_notification(config: SendNotificationConfig, run: ActionContext) -> SendNotificationResult:
    """Write an alert of the type `notification`, which is where an application shows such things."""
    users = tuple(dict.fromkeys(config.recipients))
    told = Alert(
        id=run.new_id("notification"),
        type="notification",
        severity=config.priority,
        title=config.title,
        message=config.message,
    )
    await write_alert(run, told, users=users)
    return SendNotificationResult(notification_id=told.id, recipients=len(users))
