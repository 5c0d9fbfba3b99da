"""A mail as text, and its way to the server (RFC 5322, RFC 5321)."""

from collections.abc import Sequence
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from uuid import UUID

import aiosmtplib
from ichor_models import ActionError, ConfigError

from ichor_activities.errors import Unavailable
from ichor_activities.mail_server import MailServer

TIMEOUT = 60.0
_START_TLS = {"auto": None, "required": True, "never": False}


def compose(
    sender: str, recipients: Sequence[str], subject: str, body: str, id: UUID, sent_at: datetime
) -> EmailMessage:
    """Write a mail; its Message-ID is made of `id`.

    Raises:
        ConfigError: a recipient is no single address, or a header holds a line break.
    """
    message = EmailMessage(policy=SMTP.clone(utf8=False))
    try:
        message["From"] = sender
        message["To"] = ", ".join(map(_single_address, recipients))
        message["Subject"] = _one_line("subject", subject)
        message["Date"] = format_datetime(sent_at)
        message["Message-ID"] = f"<{id}@{parseaddr(sender)[1].rpartition('@')[2] or 'localhost'}>"
        message.set_content(body)
    except (ValueError, MessageError) as error:
        raise ConfigError(f"The mail cannot be written: {error}") from error
    return message


async def send(server: MailServer, message: EmailMessage) -> tuple[str, ...]:
    """Hand a mail to the server; return the recipients that it refused while it took the mail for others.

    Raises:
        ActionError: [mail] the server refuses it for good.
        Unavailable: the server is not there or busy.
    """
    try:
        async with _client(server, TIMEOUT) as client:
            refused, _ = await client.send_message(message)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _as_action_error(error) from error
    return tuple(refused)


async def greet(server: MailServer, seconds: float) -> None:
    """Connect and log in within so many seconds, and send nothing.

    Raises:
        ActionError: [mail] the server refuses us.
        Unavailable: the server is not there or busy.
    """
    try:
        async with _client(server, seconds):
            pass
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _as_action_error(error) from error


def _client(server: MailServer, seconds: float) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.tls,
        start_tls=None if server.tls else _START_TLS[server.start_tls],
        validate_certs=server.verify,
        timeout=seconds,
    )


def _as_action_error(error: Exception) -> ActionError:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _refused(f"every recipient ({error.recipients[0].message})", [item.code for item in error.recipients])
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _refused(f"this ({error.code} {error.message})", [error.code])
    if not isinstance(error, OSError):
        return ActionError(f"The mail server cannot do what is asked: {error}", type="mail")
    return Unavailable(f"The mail server does not answer: {error or type(error).__name__}")


def _refused(what: str, codes: Sequence[int]) -> ActionError:
    for_good = all(500 <= code < 600 for code in codes)
    return ActionError(f"The mail server refuses {what}.", type="mail", retryable=not for_good)


def _single_address(recipient: str) -> str:
    name, address = parseaddr(_one_line("recipient", recipient))
    user, _, domain = address.rpartition("@")
    plain = recipient.strip() == address or bool(name) or recipient.strip() == f"<{address}>"
    if not user or not domain or " " in address or not plain or (not name and "," in recipient):
        raise ConfigError(f"The recipient {recipient!r} is no mail address; write one address per recipient.")
    return recipient.strip()


def _one_line(what: str, text: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ConfigError(f"The {what} of a mail may not hold line breaks or control characters.")
    return text
