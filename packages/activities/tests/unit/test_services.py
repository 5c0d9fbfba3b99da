import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
from ichor_activities import (
    SERVICE_GROUP,
    BrokenEntryPoint,
    InvalidConfiguration,
    MailServer,
    MissingService,
    Services,
    opened_services,
)


class Clock:
    opened = False


CLOCK = Clock()


@asynccontextmanager
async def open_clock(environment: Mapping[str, str]) -> AsyncGenerator[Clock]:
    CLOCK.opened = environment["CLOCK"] == "on"
    try:
        yield CLOCK
    finally:
        CLOCK.opened = False


@asynccontextmanager
async def open_another(environment: Mapping[str, str]) -> AsyncGenerator[Clock]:
    yield Clock()


def point(monkeypatch: pytest.MonkeyPatch, name: str) -> EntryPoint:
    module = ModuleType("clocks")
    vars(module).update(clock=open_clock, another=open_another)
    monkeypatch.setitem(sys.modules, "clocks", module)
    return EntryPoint(name, f"clocks:{name}", SERVICE_GROUP)


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
        "mail.example.org", 465, "ada@example.org", "ada@example.org", "p/w", tls=True, start_tls="required"
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


async def test_opens_services_of_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened_services({"CLOCK": "on"}, [point(monkeypatch, "clock")]) as services:
        assert services.get(Clock) is CLOCK
        assert CLOCK.opened
    assert not CLOCK.opened


@pytest.mark.parametrize(
    ("names", "environment", "said"),
    [
        (["clock"], {}, "clock = clocks:clock"),
        (["absent"], {}, "absent"),
        (["clock", "another"], {"CLOCK": "on"}, "second Clock"),
    ],
)
async def test_a_service_that_cannot_be_opened_is_named(
    monkeypatch: pytest.MonkeyPatch, names: list[str], environment: dict[str, str], said: str
) -> None:
    with pytest.raises(BrokenEntryPoint, match=said):
        async with opened_services(environment, [point(monkeypatch, name) for name in names]):
            pass
    assert not CLOCK.opened


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
