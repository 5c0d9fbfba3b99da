"""An inbox on a real broker, with handlers that do what they are told."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from ichor_service import (
    Broker,
    Busy,
    Crowded,
    Inbox,
    InboxMetrics,
    InboxOptions,
    Letter,
    Link,
    QueueLengths,
    Stop,
    Topology,
    Unavailable,
    Unreachable,
    Unusable,
)
from ichor_testing import RabbitServer, Source, Vhost, start_rabbitmq, until
from pamqp import encode
from pamqp.commands import Basic
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

GARBLED = "not in UTF-8"
BEYOND = datetime(1970, 1, 1, tzinfo=UTC)
"""Stand-ins that `raw` writes as no client should."""
TOPOLOGY = Topology(
    exchange="tests", queue="tests.in", dead="tests.dead", behind=("tests.behind",), retry="tests.retry"
)
WITHOUT_RETRY = replace(TOPOLOGY, retry="")


class Handler:
    """Does to each message what its body names; remembers what came."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.away = asyncio.Event()
        self.gate = asyncio.Event()

    async def __call__(self, letter: Letter) -> str:
        body = letter.body.decode()
        self.seen.append(body)
        match body.split():
            case ["unusable", *_]:
                raise Unusable("no_good", "It is no good.")
            case ["crowded", *_]:
                raise Crowded("tests.behind")
            case ["bug", *_]:
                raise RuntimeError("a bug")
            case ["busy", *_] if self.away.is_set():
                raise Busy("it is in use")
            case ["held", *_] if self.away.is_set():
                raise Unreachable("the server is away")
            case ["slow", *_]:
                await self.gate.wait()
            case _:
                pass
        return "done"


@asynccontextmanager
async def running(
    vhost: Vhost,
    handler: Handler,
    options: InboxOptions | None = None,
    link: Link[None] | None = None,
    registry: CollectorRegistry | None = None,
    topology: Topology = WITHOUT_RETRY,
) -> AsyncGenerator[tuple[Inbox, Stop]]:
    stop = Stop(timedelta(seconds=4))
    links = {"the server": link} if link else {}
    metrics = InboxMetrics(registry or CollectorRegistry())
    inbox = Inbox(Broker(SecretStr(vhost.url), "test"), topology, handler, links, metrics, options)
    task = asyncio.create_task(inbox.run(stop))
    try:
        yield inbox, stop
    finally:
        stop.ask()
        await task


@pytest_asyncio.fixture(loop_scope="session")
async def channel(rabbitmq_vhost: Vhost) -> AsyncGenerator[AbstractChannel]:
    async with await aio_pika.connect(rabbitmq_vhost.url) as connection:
        channel = await connection.channel()
        await TOPOLOGY.declare(channel)
        yield channel


@pytest.fixture(autouse=True)
def raw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write texts and times onto the wire that no library reads."""
    text, time = encode.METHODS["shortstr"], encode.METHODS["timestamp"]

    def write_text(value: str) -> bytes:
        return b"\x04\xff\xfe\xfdA" if value == GARBLED else text(value)

    def write_time(value: datetime) -> bytes:
        return b"\x7f" * 8 if value == BEYOND else time(value)

    monkeypatch.setitem(encode.METHODS, "shortstr", write_text)
    monkeypatch.setitem(encode.METHODS, "timestamp", write_time)


async def send(channel: AbstractChannel, *bodies: str) -> None:
    exchange = await channel.get_exchange(TOPOLOGY.exchange)
    for body in bodies:
        await exchange.publish(aio_pika.Message(body.encode()), "any.key")


async def send_raw(channel: AbstractChannel, routing_key: str, properties: dict[str, Any]) -> None:
    """Publish what the client library would refuse to write."""
    written = Basic.Properties()
    for name, value in properties.items():
        setattr(written, name, value)
    underlay = await channel.get_underlay_channel()
    await underlay.basic_publish(b"raw", exchange=TOPOLOGY.exchange, routing_key=routing_key, properties=written)


async def waiting(channel: AbstractChannel) -> int:
    return (await channel.declare_queue(TOPOLOGY.queue, passive=True)).declaration_result.message_count or 0


async def comes_back(channel: AbstractChannel) -> None:
    """Return once one message is in the queue again: the broker returns it a moment after the connection ended."""

    async def is_back() -> bool:
        return await waiting(channel) == 1

    await until(is_back, "the message back in its queue")


async def nothing_is_left(channel: AbstractChannel) -> None:
    """Check that whatever the inbox did not settle, which goes to the head of the queue, is nothing."""
    await send(channel, "the last")
    message = await _next(await channel.get_queue(TOPOLOGY.queue))
    assert message.body == b"the last"
    await message.ack()
    assert await waiting(channel) == 0


async def dead(channel: AbstractChannel) -> AbstractIncomingMessage:
    queue = await channel.get_queue(TOPOLOGY.dead)
    found: list[AbstractIncomingMessage] = []

    async def has_come() -> bool:
        if message := await queue.get(no_ack=True, fail=False, timeout=60):
            found.append(message)
        return bool(found)

    await until(has_come, "a dead letter")
    return found[0]


async def becomes(condition: Callable[[], bool], what: str) -> None:
    async def is_so() -> bool:
        return condition()

    await until(is_so, what, pause=0.01)


async def works(probe: Callable[[], Awaitable[None]]) -> None:
    async def passes() -> bool:
        try:
            await probe()
        except Unreachable:
            return False
        return True

    await until(passes, "a probe that passes", pause=0.01)


async def test_messages_are_settled_and_nothing_is_left(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler = Handler()
    await send(channel, "one", "two", "three")
    async with running(rabbitmq_vhost, handler):
        await becomes(lambda: len(handler.seen) == 3, "three messages")
    await nothing_is_left(channel)


async def test_a_message_that_nobody_can_use_is_dead_at_once(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler = Handler()
    async with running(rabbitmq_vhost, handler):
        await send(channel, "unusable")
        message = await dead(channel)
    assert (message.headers["x-ichor-reason"], message.headers["x-ichor-detail"]) == ("no_good", "It is no good.")
    assert handler.seen == ["unusable"]


async def test_a_bug_is_tried_a_few_times_behind_the_others_and_then_dead(
    rabbitmq_vhost: Vhost, channel: AbstractChannel
):
    handler = Handler()
    await send(channel, "bug", "other")
    async with running(rabbitmq_vhost, handler, InboxOptions(prefetch=1, tries=3, pause=0.01)):
        message = await dead(channel)
    assert message.headers["x-ichor-reason"] == "unexpected_error"
    assert message.headers["x-ichor-detail"] == "RuntimeError: a bug"
    assert message.headers["x-ichor-routing-key"] == "any.key"
    assert "x-ichor-failures" not in message.headers
    assert handler.seen == ["bug", "other", "bug", "bug"]


def counted(registry: CollectorRegistry, outcome: str) -> float:
    labels = {"queue": TOPOLOGY.queue, "outcome": outcome}
    return registry.get_sample_value("ichor_messages_total", labels) or 0


@pytest.mark.parametrize("body", ["busy", "slow"])
async def test_what_must_wait_alone_lets_others_pass(rabbitmq_vhost: Vhost, channel: AbstractChannel, body: str):
    handler, registry = Handler(), CollectorRegistry()
    handler.away.set()
    await send(channel, body, "other")
    options = InboxOptions(prefetch=1, longest_try=0.5, busy_pause=0.01, tries=2)
    async with running(rabbitmq_vhost, handler, options, registry=registry):
        await becomes(lambda: handler.seen.count(body) > 3, "more tries than a bug has")
        assert handler.seen[:3] == [body, "other", body]
        handler.away.clear()
        handler.gate.set()
        await becomes(lambda: counted(registry, "done") == 2, "both done")
    await nothing_is_left(channel)


async def test_what_would_take_the_others_places_moves_to_other_queues_at_once(
    rabbitmq_vhost: Vhost, channel: AbstractChannel
):
    handler, registry = Handler(), CollectorRegistry()
    handler.away.set()
    began = datetime.now(UTC) - timedelta(seconds=2)
    await send(channel, "crowded", "busy", "bug", "other")
    async with running(rabbitmq_vhost, handler, InboxOptions(prefetch=1), registry=registry, topology=TOPOLOGY):
        await becomes(lambda: counted(registry, "done") == 1, "the other")
    assert handler.seen == ["crowded", "busy", "bug", "other"]
    assert counted(registry, "moved") == 3
    behind, retry = [await channel.get_queue(name) for name in ("tests.behind", "tests.retry")]
    for queue, body, failures in ((behind, b"crowded", 0), (retry, b"busy", 0), (retry, b"bug", 1)):
        message = await queue.get(no_ack=True, timeout=60)
        told = message.body, message.headers["x-ichor-routing-key"], message.headers["x-ichor-failures"]
        assert told == (body, "any.key", failures)
        assert message.timestamp
        assert message.timestamp > began


async def test_what_must_be_tried_again_stays_in_the_queue_for_that(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler, registry = Handler(), CollectorRegistry()
    retries = TOPOLOGY.of("tests.retry")
    options = InboxOptions(pause=0.01, tries=3)
    async with running(rabbitmq_vhost, handler, options, registry=registry, topology=retries):
        await channel.default_exchange.publish(aio_pika.Message(b"bug"), "tests.retry")
        await becomes(lambda: handler.seen == ["bug"] * 3, "three tries")
        await dead(channel)


async def test_what_alone_finds_its_server_away_gives_its_place_to_others(
    rabbitmq_vhost: Vhost, channel: AbstractChannel
):
    handler, registry = Handler(), CollectorRegistry()
    handler.away.set()
    options = InboxOptions(prefetch=2, longest_try=0.5, busy_pause=0.01)
    async with running(rabbitmq_vhost, handler, options, registry=registry):
        await send(channel, "held", "held")
        await becomes(lambda: handler.seen.count("held") > 6, "both held for longer than a try")
        assert counted(registry, "retried") == 0
        handler.away.clear()
        await becomes(lambda: counted(registry, "done") == 2, "both done")
        handler.away.set()
        await send(channel, "held", "other")
        await becomes(lambda: counted(registry, "done") == 3, "the other")
        await becomes(lambda: counted(registry, "retried") > 0, "the place given up")
        handler.away.clear()
        await becomes(lambda: counted(registry, "done") == 4, "all done")
    await nothing_is_left(channel)


async def test_it_counts_what_becomes_of_messages(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler, registry = Handler(), CollectorRegistry()

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"queue": TOPOLOGY.queue, **labels})

    async with running(rabbitmq_vhost, handler, InboxOptions(tries=2, pause=0.01), registry=registry):
        exchange = await channel.get_exchange(TOPOLOGY.exchange)
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        await exchange.publish(aio_pika.Message(b"slow", timestamp=an_hour_ago), "any.key")
        await becomes(lambda: handler.seen == ["slow"], "the message")
        assert value("ichor_messages_in_flight") == 1
        assert 3_599 < (value("ichor_oldest_message_age_seconds") or 0) < 3_700
        await send(channel, "bug", "unusable")
        await becomes(lambda: value("ichor_messages_total", outcome="dead") == 2, "two dead letters")
        handler.gate.set()
        await becomes(lambda: value("ichor_messages_total", outcome="done") == 1, "the end of the slow one")
    assert value("ichor_messages_total", outcome="retried") == 1
    assert value("ichor_dead_letters_total", reason="unexpected_error") == 1
    assert value("ichor_dead_letters_total", reason="no_good") == 1
    assert value("ichor_message_seconds_count") == 1
    assert (value("ichor_messages_in_flight"), value("ichor_oldest_message_age_seconds")) == (0, 0)


async def test_it_says_how_long_queues_are(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    lengths = QueueLengths(Broker(SecretStr(rabbitmq_vhost.url), "test"), TOPOLOGY)

    async def measured() -> dict[str, float]:
        return {s.labels["queue"]: s.value for metric in await lengths.measure() for s in metric.samples}

    async def is_counted() -> bool:
        return await measured() == {TOPOLOGY.queue: 2, "tests.behind": 0, "tests.retry": 0, TOPOLOGY.dead: 0}

    await send(channel, "one", "two")
    await until(is_counted, "two messages")
    await channel.queue_delete(TOPOLOGY.dead)
    assert await measured() == {TOPOLOGY.queue: 2, "tests.behind": 0, "tests.retry": 0}
    await lengths.close()
    assert await measured() == {TOPOLOGY.queue: 2, "tests.behind": 0, "tests.retry": 0}
    await lengths.close()


def _nested(depth: int) -> dict[str, Any]:
    """Return headers just so deep that they can be read and, a few calls deeper, not be written again."""
    headers: dict[str, Any] = {}
    for _ in range(depth):
        headers = {"x": headers}
    return headers


@pytest.mark.parametrize(
    ("properties", "detail"),
    [
        ({"correlation_id": GARBLED}, "correlation_id is no UTF-8"),
        ({"message_id": GARBLED}, "message_id is no UTF-8"),
        ({"timestamp": BEYOND}, "year"),
        ({"headers": {"x": "x" * 130_000}}, "bytes"),
        ({"headers": _nested(470)}, "deep"),
    ],
)
async def test_properties_that_cannot_be_read_stop_nothing(
    rabbitmq_vhost: Vhost, channel: AbstractChannel, properties: dict[str, Any], detail: str
):
    handler = Handler()
    async with running(rabbitmq_vhost, handler):
        await send_raw(channel, "any.key", properties)
        message = await dead(channel)
        await send(channel, "one")
        await becomes(lambda: handler.seen == ["one"], "the next message")
    assert (message.body, message.headers["x-ichor-reason"]) == (b"raw", "invalid_properties")
    assert detail in str(message.headers["x-ichor-detail"])
    await nothing_is_left(channel)


async def test_a_dead_letter_goes_nowhere_else(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler = Handler()
    message = aio_pika.Message(b"unusable", headers={"CC": [TOPOLOGY.queue]})
    async with running(rabbitmq_vhost, handler):
        await (await channel.get_exchange(TOPOLOGY.exchange)).publish(message, "any.key")
        await dead(channel)
        await send(channel, "one")
        await becomes(lambda: "one" in handler.seen, "the next message")
    assert handler.seen == ["unusable", "one"]


async def test_a_routing_key_that_cannot_be_read_stops_nothing(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler = Handler()
    async with running(rabbitmq_vhost, handler):
        await send_raw(channel, GARBLED, {})
        await becomes(lambda: handler.seen == ["raw"], "the message")
    await nothing_is_left(channel)


async def test_a_message_is_held_while_a_server_is_away_and_is_not_delivered_again(
    rabbitmq_vhost: Vhost, channel: AbstractChannel
):
    handler = Handler()
    handler.away.set()
    async with running(rabbitmq_vhost, handler) as (inbox, _):
        await works(inbox.probe)
        await send(channel, "held", "other")
        await becomes(lambda: handler.seen.count("held") >= 3 and "other" in handler.seen, "three tries")
        with pytest.raises(Unreachable, match="messages wait: the server is away"):
            await inbox.probe()
        assert handler.seen.count("other") == 1
        handler.away.clear()
        await works(inbox.probe)
    await nothing_is_left(channel)


async def test_what_is_held_too_long_is_handed_back_and_taken_when_the_server_answers(
    rabbitmq_vhost: Vhost, channel: AbstractChannel
):
    handler = Handler()
    handler.away.set()

    async def ask(_: str) -> None:
        if handler.away.is_set() and "held" in handler.seen:
            raise Unreachable("the server is away")

    async def connect() -> str:
        return "connected"

    link, registry = Link(connect, ask), CollectorRegistry()

    def oldest() -> float:
        return registry.get_sample_value("ichor_oldest_message_age_seconds", {"queue": TOPOLOGY.queue}) or 0

    async with running(rabbitmq_vhost, handler, InboxOptions(longest_hold=0.2), link, registry):  # pyright: ignore[reportArgumentType]
        await send(channel, "held", "other")
        await comes_back(channel)
        await becomes(lambda: oldest() > 1, "the age of what was handed back")
        tries = len(handler.seen)
        handler.away.clear()
        await becomes(lambda: len(handler.seen) > tries, "the message taken again")
        await becomes(lambda: oldest() == 0, "nothing that waits")
    await nothing_is_left(channel)


async def test_a_message_that_came_often_is_put_in_afresh(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    queue = await channel.get_queue(TOPOLOGY.queue)
    await send(channel, "weary")
    for _ in range(11):
        message = await _next(queue)
        await message.reject(requeue=True)
    seen: list[object] = []

    class Remembering(Handler):
        async def __call__(self, letter: Letter) -> str:
            seen.append(letter.message.headers.get("x-delivery-count"))
            return "done"

    async with running(rabbitmq_vhost, Remembering()):
        await becomes(lambda: bool(seen), "the message")
    assert seen in ([None], [0])
    await nothing_is_left(channel)


async def _next(queue: aio_pika.abc.AbstractQueue) -> AbstractIncomingMessage:
    found: list[AbstractIncomingMessage] = []

    async def has_come() -> bool:
        if message := await queue.get(fail=False, timeout=60):
            found.append(message)
        return bool(found)

    await until(has_come, "the message", pause=0.01)
    return found[0]


async def test_a_message_without_an_id_has_none_when_it_comes_again(
    rabbitmq_vhost: Vhost, channel: AbstractChannel, shared_rabbitmq: RabbitServer
):
    ids: list[str | None] = []

    class Remembering(Handler):
        async def __call__(self, letter: Letter) -> str:
            ids.append(letter.message_id)
            raise RuntimeError("a bug")

    nothing: dict[str, str] = {}
    message = {"properties": nothing, "routing_key": "any.key", "payload": "anonymous", "payload_encoding": "string"}
    async with running(rabbitmq_vhost, Remembering(), InboxOptions(pause=0.01, tries=3)):
        async with httpx.AsyncClient(base_url=shared_rabbitmq.management_url, timeout=10) as http:
            url = f"/api/exchanges/{rabbitmq_vhost.name}/{TOPOLOGY.exchange}/publish"
            (await http.post(url, json=message)).raise_for_status()
        await dead(channel)
    assert ids == [None, None, None]


async def test_a_stop_hands_back_what_waits_and_finishes_what_does_not(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler = Handler()
    handler.away.set()
    async with running(rabbitmq_vhost, handler) as (_, stop):
        await send(channel, "held", "slow")
        await becomes(lambda: {"held", "slow"} <= set(handler.seen), "both messages")
        stop.ask()
        handler.gate.set()
    await comes_back(channel)


async def test_a_stop_does_not_wait_for_ever(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler = Handler()
    async with running(rabbitmq_vhost, handler) as (_, stop):
        await send(channel, "slow")
        await becomes(lambda: handler.seen == ["slow"], "the message")
        stop.ask()
    await comes_back(channel)


async def test_a_lost_connection_is_made_again(
    rabbitmq_vhost: Vhost, channel: AbstractChannel, shared_rabbitmq: RabbitServer
):
    handler = Handler()
    async with running(rabbitmq_vhost, handler) as (inbox, _):
        await works(inbox.probe)
        await send(channel, "slow")
        await becomes(lambda: handler.seen == ["slow"], "the message")
        await _cut(shared_rabbitmq, rabbitmq_vhost.name)
        await becomes(lambda: handler.seen == ["slow", "slow"], "the message again")
        handler.gate.set()
        await works(inbox.probe)
    await nothing_is_left(channel)


async def test_a_queue_that_was_deleted_is_made_again(rabbitmq_vhost: Vhost, channel: AbstractChannel):
    handler = Handler()
    async with running(rabbitmq_vhost, handler) as (inbox, _):
        await works(inbox.probe)
        await channel.queue_delete(TOPOLOGY.queue)

        async def is_consumed() -> bool:
            await send(channel, "again")
            return "again" in handler.seen

        await until(is_consumed, "a message of the new queue")


async def _cut(server: RabbitServer, vhost: str) -> None:
    """Cut the inbox's connection; other tests have connections of the same name elsewhere."""
    async with httpx.AsyncClient(base_url=server.management_url, timeout=10) as http:

        async def is_cut() -> bool:
            listed = (await http.get("/api/connections")).json()
            named = [item for item in listed if item.get("client_properties", {}).get("connection_name") == "test"]
            ours = [item["name"] for item in named if item["vhost"] == vhost]
            for connection in ours:
                await http.delete(f"/api/connections/{connection}")
            return bool(ours)

        await until(is_cut, "the connection in the broker's list")


async def test_a_broker_that_lacks_memory_holds_only_what_moves(tmp_path: Path):
    """It takes nothing that is published, and hears no acknowledgement either over a connection that published."""
    others = [f"other {number}" for number in range(8)]
    async with (
        start_rabbitmq(source=Source.LOCAL, data_dir=tmp_path) as broker,
        await aio_pika.connect(broker.url) as connection,
    ):
        channel = await connection.channel()
        await TOPOLOGY.declare(channel)
        await send(channel, "crowded", *others)
    handler, registry = Handler(), CollectorRegistry()

    def under_way() -> float | None:
        return registry.get_sample_value("ichor_messages_in_flight", {"queue": TOPOLOGY.queue})

    async with (
        start_rabbitmq(source=Source.LOCAL, data_dir=tmp_path, lacks_memory=True) as broker,
        running(Vhost("/", broker.url), handler, InboxOptions(prefetch=3, longest_confirm=2), registry=registry) as (
            inbox,
            _,
        ),
    ):
        await becomes(lambda: handler.seen == ["crowded", *others] and under_way() == 1, "the others done")

        async def is_told() -> bool:
            try:
                await inbox.probe()
            except Unreachable as error:
                return "does not confirm what is to move" in str(error)
            return False

        await until(is_told, "the trouble")
        await broker.kill()


async def test_a_queue_of_another_kind_is_a_clear_error(rabbitmq_vhost: Vhost):
    async with await aio_pika.connect(rabbitmq_vhost.url) as connection:
        await (await connection.channel()).declare_queue(TOPOLOGY.dead, durable=True)
    inbox = Inbox(
        Broker(SecretStr(rabbitmq_vhost.url), "test"), TOPOLOGY, Handler(), {}, InboxMetrics(CollectorRegistry())
    )
    with pytest.raises(Unavailable, match=r"tests\.dead.*x-queue-type=quorum"):
        await inbox.run(Stop(timedelta(seconds=1)))
