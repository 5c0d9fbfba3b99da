"""What there is to find out about the mail server."""

from collections.abc import Container, Sequence

from ichor_activities import InvalidConfiguration, MailServer
from ichor_activities.mail import greet
from ichor_models import ActionError
from ichor_service import Settings, variable

from ichor_cli.doctor.finding import Finding, broken, skipped, well
from ichor_cli.doctor.unnamed import unnamed

CONNECTION = "mail.connection"


async def examine_mail(settings: Settings, wrong: Container[str], seconds: float) -> Sequence[Finding]:
    """Connect and log in as a worker does, and send nothing."""
    address = variable("smtp_url")
    if "smtp_url" in wrong:
        return [unnamed(CONNECTION, "smtp_url", wrong)]
    if settings.smtp_url is None:
        return [skipped(CONNECTION, f"{address} is not set: send_email fails.")]
    try:
        server = MailServer.from_url(settings.smtp_url.get_secret_value(), settings.smtp_from)
        await greet(server, seconds)
    except (InvalidConfiguration, ActionError) as error:
        return [broken(CONNECTION, str(error), f"Start the mail server, or correct {address}.")]
    return [well(CONNECTION, f"The mail server {server.host} takes us in.")]
