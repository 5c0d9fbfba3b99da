"""Each thing that can be wrong is broken on a real RabbitMQ, and `ichor doctor` says so, and how to mend it."""

import asyncio
import gc
import json
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from subprocess import CompletedProcess
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from ichor_cli.doctor.finding import State
from ichor_service import EVENTS, QUORUM, REPLIES, REQUESTS, declare_exchange
from ichor_testing import RabbitServer, Vhost, free_port

type Examined = Callable[..., Awaitable[Any]]

QUEUES = (*EVENTS.queues, *REPLIES.queues)


@pytest_asyncio.fixture(loop_scope="session")
async def channel(broker: Vhost) -> AsyncGenerator[AbstractChannel]:
    async with await aio_pika.connect(broker.url) as connection:
        yield await connection.channel()


async def declare_all(channel: AbstractChannel) -> None:
    await EVENTS.declare(channel)
    await REPLIES.declare(channel)
    await declare_exchange(channel, REQUESTS)


async def ignored(_: AbstractIncomingMessage) -> None:
    return None


@asynccontextmanager
async def user_with_rights(
    server: RabbitServer, vhost: Vhost, configure: str, write: str, read: str
) -> AsyncGenerator[str]:
    """Yield the address of a vhost for a user who may do so much there."""
    name = f"doctor-{vhost.name}"
    async with httpx.AsyncClient(base_url=server.management_url, timeout=30) as http:
        user = {"password": "hidden", "tags": ""}
        (await http.put(f"/api/users/{name}", json=user)).raise_for_status()
        try:
            rights = {"configure": configure, "write": write, "read": read}
            (await http.put(f"/api/permissions/{vhost.name}/{name}", json=rights)).raise_for_status()
            parts = urlsplit(vhost.url)
            yield parts._replace(netloc=f"{name}:hidden@{parts.hostname}:{parts.port}").geturl()
        finally:
            (await http.delete(f"/api/users/{name}")).raise_for_status()


async def test_a_broker_that_is_away(examined: Examined, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_RABBITMQ_URL", f"amqp://user:hidden@127.0.0.1:{free_port()}/")
    findings = await examined()
    finding = findings.only("rabbitmq.connection")
    assert (finding.state, finding.mend) == (State.FAILED, "Start it, or correct ICHOR_RABBITMQ_URL.")
    assert "hidden" not in str(findings)
    assert findings.only("rabbitmq.queues").state is State.SKIPPED


async def test_a_vhost_that_is_not_there(examined: Examined, broker: Vhost, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_RABBITMQ_URL", f"{broker.url}-not%2Fthere")
    finding = (await examined()).only("rabbitmq.connection")
    assert f"the vhost '{broker.name}-not/there' is refused" in finding.message
    assert finding.mend.startswith("Correct the vhost in ICHOR_RABBITMQ_URL")


async def test_a_password_that_is_wrong(examined: Examined, broker: Vhost, monkeypatch: pytest.MonkeyPatch):
    parts = urlsplit(broker.url)
    wrong = parts._replace(netloc=f"guest:hidden@{parts.hostname}:{parts.port}")
    monkeypatch.setenv("ICHOR_RABBITMQ_URL", wrong.geturl())
    with warnings.catch_warnings():
        # The client leaves a coroutine behind where a login is refused.
        warnings.simplefilter("ignore", RuntimeWarning)
        finding = (await examined()).only("rabbitmq.connection")
        gc.collect()
    assert "the user or the password is refused: ACCESS_REFUSED" in finding.message
    assert finding.mend.startswith("Correct user and password in ICHOR_RABBITMQ_URL")
    assert "hidden" not in str(finding)


@pytest.mark.usefixtures("broker")
async def test_where_nothing_was_declared_nothing_is_made(examined: Examined, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_TOKEN_KEYS", "0123456789abcdef")
    for _ in range(2):
        findings = await examined()
        missing = [finding.message.split()[0] for finding in findings.troubles("rabbitmq.queues")]
        assert missing == [*QUEUES]
        exchanges = [finding.message.split()[0] for finding in findings.troubles("rabbitmq.exchanges")]
        assert exchanges == [EVENTS.exchange]


async def test_who_asks_nobody_needs_no_queue_of_replies(
    examined: Examined, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("ICHOR_TOKEN_KEYS", raising=False)
    await EVENTS.declare(channel)
    findings = await examined()
    assert findings.troubles("rabbitmq.queues") == []
    assert findings.of("worker.consumers") == []


async def test_consumers_and_dead_letters(examined: Examined, channel: AbstractChannel):
    await declare_all(channel)
    queue = await channel.get_queue(EVENTS.queue)
    await queue.consume(ignored)
    await channel.default_exchange.publish(aio_pika.Message(b"x"), EVENTS.dead)
    findings = await examined()
    for check in ("queues", "exchanges", "permissions"):
        assert findings.troubles(f"rabbitmq.{check}") == []
    assert [untaken.message for untaken in findings.troubles("trigger.consumers")] == [
        f"Nobody takes messages from {queue}, where 0 wait." for queue in (*EVENTS.behind, EVENTS.retry)
    ]
    assert findings.only("worker.consumers").state is State.FAILED
    (dead,) = findings.troubles("rabbitmq.dead_letters")
    assert (dead.state, dead.message) == (State.WARNING, "1 events are dead.")
    assert "`ichor events list`" in dead.mend


async def test_nothing_was_moved(examined: Examined, channel: AbstractChannel):
    await declare_all(channel)
    for name in QUEUES:
        await channel.default_exchange.publish(aio_pika.Message(b"x"), name)
    await examined()
    for name in QUEUES:
        message = await (await channel.get_queue(name)).get(timeout=10)
        assert message is not None
        assert (message.redelivered, message.headers.get("x-delivery-count", 0)) == (False, 0)
        assert (await channel.declare_queue(name, passive=True)).declaration_result.message_count == 0


@pytest.mark.parametrize(
    ("configure", "write", "read", "lacking"),
    [
        (".*", ".*", ".*", []),
        (".*", "^ichor.*$", ".*", ["write to the default exchange (amq.default)"]),
        (".*", "^amq.*$", ".*", [f"write to {name}" for name in (EVENTS.exchange, REQUESTS)]),
        (".*", ".*", "^ichor.events.*$", [f"read from {name}" for name in REPLIES.queues]),
        ("^ichor.events.*$", ".*", ".*", [f"configure {name}" for name in (*REPLIES.queues, REQUESTS)]),
    ],
)
async def test_rights_that_are_lacking(
    examined: Examined,
    shared_rabbitmq: RabbitServer,
    broker: Vhost,
    channel: AbstractChannel,
    monkeypatch: pytest.MonkeyPatch,
    configure: str,
    write: str,
    read: str,
    lacking: list[str],
):
    await declare_all(channel)
    async with user_with_rights(shared_rabbitmq, broker, configure, write, read) as url:
        monkeypatch.setenv("ICHOR_RABBITMQ_URL", url)
        findings = await examined()
    said = [finding.message for finding in findings.troubles("rabbitmq.permissions")]
    assert said == [f"We may not {right}." for right in lacking]
    assert findings.troubles("rabbitmq.queues") == []


async def test_a_command_without_the_right_says_how_to_grant_it(
    ichor: Callable[..., Awaitable[CompletedProcess[str]]],
    shared_rabbitmq: RabbitServer,
    broker: Vhost,
    channel: AbstractChannel,
    monkeypatch: pytest.MonkeyPatch,
):
    await declare_all(channel)
    async with user_with_rights(shared_rabbitmq, broker, "", "", "") as url:
        monkeypatch.setenv("ICHOR_RABBITMQ_URL", url)
        told = await ichor("events", "list", "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (3, "rabbitmq_unreachable")
    assert error["mend"].startswith("`rabbitmqctl set_permissions")


async def test_a_queue_with_other_arguments(examined: Examined, channel: AbstractChannel):
    await channel.declare_queue(REPLIES.queue, durable=True, arguments={**QUORUM, "x-max-length": 10})
    found = (await examined()).troubles("rabbitmq.queues")
    (finding,) = [item for item in found if "other properties" in item.message]
    assert finding.message.startswith(f"{REPLIES.queue} has other properties than we need: ")
    assert "x-max-length" in finding.message
    assert "x-queue-type=quorum" in finding.mend


async def test_an_exchange_of_another_type(examined: Examined, channel: AbstractChannel):
    await channel.declare_exchange(EVENTS.exchange, aio_pika.ExchangeType.FANOUT, durable=True)
    (first,) = (await examined()).troubles("rabbitmq.exchanges")
    assert first.message.startswith(f"{EVENTS.exchange} has other properties")


async def test_the_clock_of_the_broker(
    examined: Examined, shared_rabbitmq: RabbitServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ICHOR_RABBITMQ_MANAGEMENT_URL", shared_rabbitmq.management_url)
    assert (await examined()).only("clock.broker").state is State.OK
    monkeypatch.setenv("ICHOR_RABBITMQ_MANAGEMENT_URL", f"http://127.0.0.1:{free_port()}")
    assert (await examined()).only("clock.broker").state is State.WARNING


async def test_an_address_of_the_broker_s_clock_where_something_else_answers(
    examined: Examined, monkeypatch: pytest.MonkeyPatch
):
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1") as server:
        monkeypatch.setenv("ICHOR_RABBITMQ_MANAGEMENT_URL", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert (await examined()).only("clock.broker").state is State.WARNING


async def test_a_wrong_address_of_the_broker_s_clock_is_not_shown(examined: Examined, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_RABBITMQ_MANAGEMENT_URL", "http://user:hidden/5@mq:15672")
    finding = (await examined()).only("clock.broker")
    assert finding.state is State.WARNING
    assert finding.message == "ICHOR_RABBITMQ_MANAGEMENT_URL is no address like http://user:password@host:port."
