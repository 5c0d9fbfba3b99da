"""`send_email`: sends a mail by the server that configuration names."""

from datetime import UTC, datetime
from uuid import UUID

from ichor_models import LONG_RUNNING, ActionError
from pydantic import Field

from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.errors import MissingService
from ichor_activities.handler import action


class SendEmailConfig(Config):
    """What to send to whom; `simulate_failure` fails instead, to try a rule's error path."""

    recipients: tuple[str, ...] = Field(min_length=1, description="mail addresses, all in the same mail")
    subject: str = Field(description="its subject")
    body: str = Field(default="", description="its text")
    simulate_failure: bool = Field(
        default=False, description="whether to fail and send nothing, to try a rule's error path"
    )
    failure_message: str = Field(
        default="", description="the error of such a failure; empty means one of a refused connection"
    )


class SendEmailResult(Result):
    """What the server took over; `refused` are recipients that it refused while it took others."""

    email_id: UUID
    status: str = "sent"
    sent_at: datetime
    recipients: tuple[str, ...]
    subject: str
    refused: tuple[str, ...] = Field(default=(), exclude_if=lambda value: not value)


@action("send_email", policy=LONG_RUNNING)
async def send_email(config: SendEmailConfig, run: ActionContext) -> SendEmailResult:
    """Send a mail; its Message-ID is the same in every attempt, so that a repeated one can be told."""
    from ichor_activities.mail import compose, send

    if config.simulate_failure:
        message = config.failure_message or "simulated email delivery failure: SMTP connection refused"
        raise ActionError(message, type="simulated")
    server = run.services.mail
    if server is None:
        raise MissingService("No mail server is configured; set ICHOR_SMTP_URL for the worker.")
    email_id, sent_at = run.new_id("email"), datetime.now(UTC)
    message = compose(server.sender, config.recipients, config.subject, config.body, email_id, sent_at)
    refused = await send(server, message)
    return SendEmailResult(
        email_id=email_id, sent_at=sent_at, recipients=config.recipients, subject=config.subject, refused=refused
    )
