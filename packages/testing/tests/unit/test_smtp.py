import smtplib
from asyncio import to_thread
from email.message import EmailMessage

import pytest
from ichor_testing import DeadlineExceeded, start_smtp
from ichor_testing.smtp import SmtpSink


def mail(subject: str = "Order held") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ichor@example.com", "ann@example.com", subject
    message.set_content("The total is 1,500 €.")
    return message


async def send(sink: SmtpSink, message: EmailMessage) -> None:
    def deliver() -> None:
        with smtplib.SMTP(sink.host, sink.port, timeout=5) as client:
            client.send_message(message)

    await to_thread(deliver)


async def test_mail_is_kept_as_a_message() -> None:
    async with start_smtp() as sink:
        await send(sink, mail())
        [received] = await sink.wait_for(1)
    assert received.sender == "ichor@example.com"
    assert received.recipients == ("ann@example.com",)
    assert received.message["Subject"] == "Order held"
    assert received.message.get_content().strip() == "The total is 1,500 €."


async def test_fails_as_often_as_told() -> None:
    async with start_smtp() as sink:
        sink.fail(1)
        sink.fail(1, "554 5.7.1 refused")
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            await send(sink, mail())
        with pytest.raises(smtplib.SMTPDataError, match="554"):
            await send(sink, mail())
        await send(sink, mail())
        assert len(sink.received) == 1
        assert sink.attempts == 3


async def test_waiting_in_vain_says_so() -> None:
    async with start_smtp() as sink:
        with pytest.raises(DeadlineExceeded, match="the arrival of 1 mails"):
            await sink.wait_for(1, seconds=0.01)


async def test_url_is_a_loopback_address() -> None:
    async with start_smtp() as sink:
        assert sink.url == f"smtp://127.0.0.1:{sink.port}"
        assert sink.port > 0
