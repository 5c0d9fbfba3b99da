from collections.abc import AsyncGenerator
from typing import Any

import pytest
from ichor_activities import ActionContext, MailServer, Services
from ichor_activities.handlers import send_email
from ichor_models import ActionError
from ichor_testing import SmtpSink, free_port, start_smtp


@pytest.fixture
async def sink() -> AsyncGenerator[SmtpSink]:
    async with start_smtp() as sink:
        yield sink


@pytest.fixture
def services(sink: SmtpSink) -> Services:
    return Services(mail=MailServer.from_url(sink.url, "Ichor <ichor@shop.example>"))


def mail(*recipients: str, **more: Any) -> dict[str, Any]:
    return {"recipients": recipients or ["ada@example.org"], "subject": "Order", "body": "Held.\n", **more}


async def send(make_call: Any, services: Services, config: dict[str, Any]) -> dict[str, Any]:
    call = make_call("send_email", config)
    return await send_email.perform(call.config, ActionContext(call, services))


async def test_sends(sink: SmtpSink, services: Services, make_call: Any) -> None:
    config = mail("ada@example.org", "Bob <bob@example.org>", subject="Grüße", body="Größe: 5\n.\nend")
    result = await send(make_call, services, config)
    received = sink.received[0]
    assert received.sender == "ichor@shop.example"
    assert received.recipients == ("ada@example.org", "bob@example.org")
    assert received.message["Subject"] == "Grüße"
    assert received.message["Message-ID"] == f"<{result['email_id']}@shop.example>"
    assert received.message.get_content().replace("\r\n", "\n") == "Größe: 5\n.\nend\n"
    assert result["recipients"] == ["ada@example.org", "Bob <bob@example.org>"]
    assert (result["status"], result["subject"], result["output"]) == ("sent", "Grüße", "success")
    assert "sent_at" in result
    assert "refused" not in result


async def test_the_message_id_is_the_same_in_every_attempt(sink: SmtpSink, services: Services, make_call: Any) -> None:
    call = make_call("send_email", mail())
    for attempt in (1, 2):
        await send_email.perform(call.config, ActionContext(call, services, attempt))
    first, second = sink.received
    assert first.message["Message-ID"] == second.message["Message-ID"]


@pytest.mark.parametrize(("reply", "retryable"), [("451 busy", True), ("554 5.7.1 spam", False)])
async def test_the_servers_word_decides_on_a_retry(
    sink: SmtpSink, services: Services, make_call: Any, reply: str, retryable: bool
) -> None:
    sink.fail(1, reply)
    with pytest.raises(ActionError, match=reply.split()[-1]) as error:
        await send(make_call, services, mail())
    assert (error.value.type, error.value.retryable) == ("mail", retryable)


async def test_a_server_that_is_not_there_is_tried_again(make_call: Any) -> None:
    with pytest.raises(ActionError) as error:
        await send(make_call, Services(mail=MailServer.from_url(f"smtp://127.0.0.1:{free_port()}")), mail())
    assert (error.value.type, error.value.retryable) == ("unavailable", True)


@pytest.mark.parametrize(
    "config",
    [
        mail(subject="Order\r\nBcc: eve@example.org"),
        mail("ada@example.org\nBcc: eve@example.org"),
        mail("ada@example.org, eve@example.org"),
        mail("nobody"),
        mail("@example.org"),
        mail("a b@example.org"),
    ],
)
async def test_no_header_is_smuggled_in(
    sink: SmtpSink, services: Services, make_call: Any, config: dict[str, Any]
) -> None:
    with pytest.raises(ActionError) as error:
        await send(make_call, services, config)
    assert (error.value.type, error.value.retryable) == ("config", False)
    assert not sink.attempts


async def test_encryption_can_be_required(sink: SmtpSink, make_call: Any) -> None:
    services = Services(mail=MailServer.from_url(f"{sink.url}?starttls=required"))
    with pytest.raises(ActionError) as error:
        await send(make_call, services, mail())
    assert not error.value.retryable
    assert not sink.received


async def test_says_that_no_server_is_configured(make_call: Any) -> None:
    with pytest.raises(ActionError, match="ICHOR_SMTP_URL") as error:
        await send(make_call, Services(), mail())
    assert not error.value.retryable


async def test_failure_can_be_simulated(sink: SmtpSink, services: Services, make_call: Any) -> None:
    with pytest.raises(ActionError, match="boom"):
        await send(make_call, services, mail(simulate_failure=True, failure_message="boom"))
    with pytest.raises(ActionError, match="simulated"):
        await send(make_call, services, mail(simulate_failure=True))
    assert not sink.attempts
