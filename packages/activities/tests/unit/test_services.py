from pathlib import Path

import pytest
from ichor_activities import InvalidConfiguration, MailServer, MissingService, Services


class Clock:
    pass


def test_reads_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "entities.yaml"
    file.write_text("entities: {orders: {readable: [id]}}")
    services = Services.from_environment(
        {
            "ICHOR_ENTITIES": str(file),
            "ICHOR_SMTP_URL": "smtps://ada%40example.org:p%2Fw@mail.example.org",
            "ICHOR_WEBHOOK_ALLOW": "10.0.0.0/8",
        }
    )
    assert services.entities.entity("orders")
    assert services.mail == MailServer(
        "mail.example.org", 465, "ada@example.org", "ada@example.org", "p/w", tls=True, start_tls="auto"
    )
    assert services.web.networks


def test_nothing_is_open_by_default() -> None:
    services = Services.from_environment({})
    assert services.mail is None
    assert not services.web.networks
    assert not services.entities.entities


def test_hands_out_services_of_other_packages() -> None:
    clock = Clock()
    assert Services(others={Clock: clock}).get(Clock) is clock
    with pytest.raises(MissingService, match="Clock"):
        Services().get(Clock)


@pytest.mark.parametrize(
    ("url", "port", "sender"),
    [
        ("smtp://mail.example.org", 25, "ichor@mail.example.org"),
        ("smtp://joe:pw@mail.example.org", 587, "ichor@mail.example.org"),
        ("smtp://mail.example.org:2525?starttls=never", 2525, "ichor@mail.example.org"),
    ],
)
def test_mail_has_sensible_defaults(url: str, port: int, sender: str) -> None:
    server = MailServer.from_url(url)
    assert (server.port, server.sender) == (port, sender)


@pytest.mark.parametrize(
    "url", ["http://x", "smtp://", "smtp://u:secret@x:99999", "x", "smtp://u:secret@x?starttls=on"]
)
def test_a_wrong_mail_url_is_not_shown(url: str) -> None:
    with pytest.raises(InvalidConfiguration, match="ICHOR_SMTP_URL") as error:
        MailServer.from_url(url)
    assert "secret" not in str(error.value)


def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in repr(MailServer.from_url("smtp://u:hunter2@x"))
