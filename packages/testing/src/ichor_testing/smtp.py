"""A mail server that keeps what it gets, for tests of what sends mail."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from ichor_testing.deadline import until
from ichor_testing.ports import LOOPBACK

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

_BUSY = "451 4.3.0 try again later"


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail: the envelope's addresses, which bounces and copies follow, and the message itself."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


@dataclass
class SmtpSink:
    """A running mail server on a loopback port."""

    port: int
    received: list[ReceivedMail] = field(default_factory=list[ReceivedMail])
    attempts: int = 0
    host: str = LOOPBACK
    _failures: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        """Its address as ICHOR_SMTP_URL takes it."""
        return f"smtp://{self.host}:{self.port}"

    def fail(self, times: int, reply: str = _BUSY) -> None:
        """Refuse the next mails with a reply: 4xx invites another attempt, 5xx does not."""
        self._failures += [reply] * times

    async def wait_for(self, count: int, *, seconds: float = 10.0) -> list[ReceivedMail]:
        """Return what was received once there are `count` mails; raises DeadlineExceeded."""

        async def enough() -> bool:
            return len(self.received) >= count

        await until(enough, f"the arrival of {count} mails", seconds=seconds, pause=0.01)
        return list(self.received)

    async def handle_DATA(self, server: "SMTP", session: "Session", envelope: "Envelope") -> str:  # aiosmtpd's name
        """Take or refuse one mail."""
        self.attempts += 1
        if self._failures:
            return self._failures.pop(0)
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.received.append(ReceivedMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
        return "250 2.0.0 taken"


@asynccontextmanager
async def start_smtp(port: int = 0) -> AsyncGenerator[SmtpSink]:
    """Yield a mail server in this event loop, on a free loopback port where none is given."""
    from aiosmtpd.smtp import SMTP

    sink = SmtpSink(port)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, hostname="localhost", enable_SMTPUTF8=True), LOOPBACK, port)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()
