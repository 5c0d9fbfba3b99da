"""The mail server that configuration names."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ichor_activities.errors import InvalidConfiguration

type StartTls = Literal["auto", "required", "never"]


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where and as whom mail is sent; `tls` encrypts from the first byte, `start_tls` after the greeting."""

    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    start_tls: StartTls = "auto"
    verify: bool = True

    @classmethod
    def from_url(cls, url: str, sender: str | None = None) -> "MailServer":
        """Read `smtp://user:password@host:port` or `smtps://…`, with `?starttls=auto|required|never&verify=no`.

        Where there is a password, STARTTLS is required unless the URL says otherwise.

        Raises:
            InvalidConfiguration: it is no such URL; the message never shows it.
        """
        parts = _split(url)
        query = parse_qs(parts.query)
        start_tls = query.get("starttls", ["required" if parts.password else "auto"])[-1]
        if start_tls not in ("auto", "required", "never"):
            raise InvalidConfiguration("ICHOR_SMTP_URL: starttls must be auto, required or never.")
        username = unquote(parts.username) if parts.username else None
        host, tls = parts.hostname or "", parts.scheme == "smtps"
        return cls(
            host=host,
            port=parts.port or (465 if tls else 587 if username else 25),
            sender=sender or (username if username and "@" in username else f"ichor@{host}"),
            username=username,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
            start_tls=start_tls,
            verify=query.get("verify", ["yes"])[-1] != "no",
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise InvalidConfiguration("ICHOR_SMTP_URL must look like smtp://user:password@host:port or smtps://….")
