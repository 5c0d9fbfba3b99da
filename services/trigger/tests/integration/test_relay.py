"""The part `relay`: what transactions left in the outbox reaches the exchange, in order per entity."""

import asyncio
import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aio_pika
import asyncpg
import pytest
from aio_pika.abc import AbstractChannel
from ichor_edgestore import EdgeStore
from ichor_models import TRACEPARENT
from ichor_service import EVENTS, Broker, Link, Stop, Unreachable
from ichor_testing import Source, Vhost, isolated_vhost, start_rabbitmq, until
from ichor_testing.engine_program import start_program
from ichor_trigger.delivery import Delivery, Patience
from ichor_trigger.relay import Relay, RelayOptions
from pydantic import SecretStr

LEGACY_TABLE = Path(__file__).parents[4] / "packages/edgestore/tests/integration/ichor_cascade_outbox.sql"
LEGACY_LEFT = "SELECT id::text AS id, dead FROM workflow.cascade_outbox"
EMIT_SIZED = """
SELECT workflow.emit_event(
    'on_update', 'orders', left(e.name, 1), jsonb_build_object('x', repeat('x', e.size)), event_id => e.name
)
FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS e (name, size, place) ORDER BY e.place
"""
SHORT = RelayOptions(
    largest=1_000,
    poll=0.05,
    patience=Patience(attempts=3, first=timedelta(milliseconds=10), longest=timedelta(seconds=1)),
)


async def emit(pool: asyncpg.Pool, *names: str, size: int = 0) -> None:
    """Emit events with ids like `a1`: the entity, and a number."""
    for name in names:
        data = {"text": "x" * size}
        statement = "SELECT workflow.emit_event('on_update', 'orders', $1, $2, event_id => $3)"
        await pool.execute(statement, name[0], data, name)


async def arrived(channel: AbstractChannel, count: int) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Return so many messages of the trigger's queue, in their order."""
    queue = await channel.get_queue(EVENTS.queue)
    found: list[aio_pika.abc.AbstractIncomingMessage] = []

    async def have_come() -> bool:
        while (message := await queue.get(no_ack=True, fail=False, timeout=60)) is not None:
            found.append(message)
        return len(found) >= count

    await until(have_come, f"{count} messages")
    return found


async def is_empty(pool: asyncpg.Pool) -> None:
    async def nothing_waits() -> bool:
        return not await pool.fetchval("SELECT count(*) FROM workflow.outbox WHERE state = 'pending'")

    await until(nothing_waits, "an empty outbox")


@asynccontextmanager
async def relaying(vhost: Vhost, pool: asyncpg.Pool, options: RelayOptions = SHORT) -> AsyncGenerator[Relay]:
    """Let a relay work in this process."""

    async def opened() -> EdgeStore:
        return EdgeStore(pool)

    stop = Stop(timedelta(seconds=10))
    relay = Relay(Broker(SecretStr(vhost.url), "test relay"), Link(opened, EdgeStore.ping), options)

    async def works() -> bool:
        try:
            await relay.probe()
        except Unreachable:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        group.create_task(relay.run(stop))
        await until(works, "a relay at work")
        try:
            yield relay
        finally:
            stop.ask()


@pytest.mark.parametrize("told", ["nobody's", "x" * 200_000])
async def test_what_is_no_traceparent_is_not_sent_on(
    told: str, rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel
):
    """RabbitMQ closes the connection at a header that is too large, so the event would stay in the outbox for ever."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('ichor.traceparent', $1, true)", told)
        await connection.execute("SELECT workflow.emit_event('on_update', 'orders', 'a', event_id => 'a1')")
    async with relaying(rabbitmq_vhost, pool):
        (message,) = await arrived(channel, 1)
    assert message.message_id == "a1"
    assert TRACEPARENT not in message.headers


async def test_an_event_arrives_as_it_was_emitted(rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel):
    async with relaying(rabbitmq_vhost, pool, RelayOptions(largest=1_000, poll=60)):
        await emit(pool, "a1")
        (message,) = await arrived(channel, 1)
        await is_empty(pool)
    body = json.loads(message.body)
    assert (body["event_id"], body["entity_id"], body["event_type"]) == ("a1", "a", "on_update")
    assert (message.message_id, message.routing_key) == ("a1", "orders.on_update")
    assert (message.delivery_mode, message.content_type) == (2, "application/json")


async def test_any_number_of_relays_keep_the_order_of_each_entity(
    rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel
):
    small = RelayOptions(largest=1_000, entities=2, events=7, poll=0.05)
    names = [f"{entity}{number:02}" for number in range(40) for entity in "abcde"]
    async with AsyncExitStack() as relays:
        for _ in range(3):
            await relays.enter_async_context(relaying(rabbitmq_vhost, pool, small))
        await emit(pool, *names)
        messages = await arrived(channel, len(names))
    order: defaultdict[str, list[str]] = defaultdict(list)
    for message in messages:
        name = message.message_id or ""
        order[name[0]].append(name)
    assert dict(order) == {entity: [f"{entity}{number:02}" for number in range(40)] for entity in "abcde"}


async def test_what_the_broker_refuses_holds_up_its_entity_and_is_given_up_in_the_end(
    rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel
):
    patient = RelayOptions(
        largest=1_000,
        poll=0.05,
        patience=Patience(attempts=3, first=timedelta(hours=1), longest=timedelta(hours=1)),
    )
    async with relaying(rabbitmq_vhost, pool, patient):
        queue = await channel.get_queue(EVENTS.queue)
        for routing_key in ("#", "orders.*"):
            await queue.unbind(EVENTS.exchange, routing_key)
        await emit(pool, "a1", "a2")

        async def was_refused() -> bool:
            return await pool.fetchval("SELECT attempts FROM workflow.outbox WHERE event_id = 'a1'") == 1

        await until(was_refused, "a refusal")
        row = await pool.fetchrow("SELECT state, last_error FROM workflow.outbox WHERE event_id = 'a1'")
        assert row
        assert tuple(row.values()) == ("pending", "RabbitMQ: NO_ROUTE")
        assert await pool.fetchval("SELECT attempts FROM workflow.outbox WHERE event_id = 'a2'") == 0
        await pool.execute("UPDATE workflow.outbox SET next_attempt_at = now()")
        # The relay has declared what it needs again.
        messages = await arrived(channel, 2)
        assert [message.message_id for message in messages] == ["a1", "a2"]
        await is_empty(pool)


async def test_what_is_given_up_stays_and_lets_the_next_pass(
    rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel
):
    async with relaying(rabbitmq_vhost, pool):
        await emit(pool, "a1", size=2_000)
        await emit(pool, "a2")
        (message,) = await arrived(channel, 1)
        assert message.message_id == "a2"
        await is_empty(pool)
        row = await pool.fetchrow("SELECT event_id, state, attempts, last_error FROM workflow.outbox")
        assert row
        assert tuple(row.values())[:3] == ("a1", "failed", 1)
        assert "ICHOR_MAX_EVENT_BYTES allows 1000" in row["last_error"]


@pytest.mark.parametrize("column", ["entity_name", "event_type", "event_id"])
async def test_what_fits_in_no_message_lets_the_others_pass(
    column: str, rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel
):
    """`workflow.emit_event` refuses it; whoever may write the table need not call that."""
    usual: dict[str, object] = {"event_id": "a1", "entity_name": "orders", "event_type": "on_update", "payload": {}}
    row = {**usual, column: "x" * 256}
    insert = f"INSERT INTO workflow.outbox ({', '.join(row)}) VALUES ($1, $2, $3, $4)"
    async with relaying(rabbitmq_vhost, pool):
        await pool.execute(insert, *row.values())
        await emit(pool, "b1")
        (message,) = await arrived(channel, 1)
        assert message.message_id == "b1"
        await is_empty(pool)
        assert "AMQP allows 255" in await pool.fetchval("SELECT last_error FROM workflow.outbox WHERE state = 'failed'")


async def test_a_queue_that_is_full_refuses_until_the_event_is_given_up(
    rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel
):
    exchange = await channel.declare_exchange(EVENTS.exchange, "topic", durable=True)
    arguments: dict[str, Any] = {"x-max-length": 0, "x-overflow": "reject-publish"}
    full = await channel.declare_queue("full", durable=True, arguments=arguments)
    await full.bind(exchange, "orders.*")
    async with relaying(rabbitmq_vhost, pool):
        await emit(pool, "a1")

        async def was_given_up() -> bool:
            return await pool.fetchval("SELECT state FROM workflow.outbox") == "failed"

        await until(was_given_up, "an event given up")
        row = await pool.fetchrow("SELECT attempts, last_error FROM workflow.outbox")
        assert row
        assert row["attempts"] == 3
        assert "Nack" in row["last_error"]
        await full.delete(if_unused=False, if_empty=False)
        await pool.execute("UPDATE workflow.outbox SET state = 'pending', attempts = 0, next_attempt_at = now()")
        await is_empty(pool)


async def test_what_is_larger_than_the_broker_takes_is_given_up_and_lets_the_others_pass(pool: asyncpg.Pool):
    """The broker closes the channel, and does not say at which message."""
    sizes = {"a1": 200_000, "a2": 0, "b1": 200_000, "c1": 200_000, "d1": 0, "d2": 0, "e1": 90_000}
    broker = start_rabbitmq(source=Source.LOCAL, max_message_size=100_000)
    async with (
        broker as server,
        isolated_vhost(server) as vhost,
        relaying(vhost, pool, replace(SHORT, largest=1_000_000)),
    ):
        await pool.execute(EMIT_SIZED, list(sizes), list(sizes.values()))
        async with await aio_pika.connect(vhost.url) as connection:
            await is_empty(pool)
            messages = await arrived(await connection.channel(), 4)
    order = list(dict.fromkeys(message.message_id for message in messages))
    assert sorted(map(str, order)) == ["a2", "d1", "d2", "e1"]
    assert order.index("d1") < order.index("d2")
    rows = await pool.fetch("SELECT event_id, attempts, last_error FROM workflow.outbox ORDER BY event_id")
    assert [(row["event_id"], row["attempts"]) for row in rows] == [("a1", 3), ("b1", 3), ("c1", 3)]
    assert all("larger than configured max size" in row["last_error"] for row in rows)


async def test_a_batch_ends_in_time_however_slow_the_broker_is(pool: asyncpg.Pool, channel: AbstractChannel):
    await EVENTS.declare(channel)
    await emit(pool, "a1", "a2", "b1", "b2")
    exchange = await channel.get_exchange(EVENTS.exchange)
    delivery = Delivery(exchange, Patience(), 1_000, Stop(timedelta(seconds=10)), longest=0)
    async with EdgeStore(pool).outbox.batch() as batch:
        await delivery.run(batch.events)
    assert sorted(event.event_id for event in delivery.published) == ["a1", "b1"]


async def test_a_word_that_is_lost_costs_one_poll(rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel):
    async with relaying(rabbitmq_vhost, pool, RelayOptions(largest=1_000, poll=0.2)):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO workflow.outbox (event_id, entity_name, event_type, payload)"
                " VALUES ('a1', 'orders', 'on_create', '{}')"
            )
        (message,) = await arrived(channel, 1)
    assert message.message_id == "a1"


@pytest.mark.parametrize("arguments", [(), ("--only", "relay")])
async def test_the_program_relays_and_stops_in_order(
    environment: dict[str, str], pool: asyncpg.Pool, arguments: tuple[str, ...]
):
    async with start_program("ichor_trigger", environment, *arguments) as program:
        await program.ready()
        await emit(pool, "a1", "a2", "b1")
        await is_empty(pool)
        assert await program.stop() == 0


async def test_the_outbox_of_an_existing_ichor_is_relayed_too(
    rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel
):
    await pool.execute(LEGACY_TABLE.read_text())

    async def only_the_unreadable_one_is_left() -> bool:
        return [tuple(row.values()) for row in await pool.fetch(LEGACY_LEFT)] == [(str(UUID(int=3)), True)]

    async with relaying(rabbitmq_vhost, pool, replace(SHORT, legacy=True)):
        for number, status in enumerate(("open", "held"), start=1):
            change = {"entity": {"status": status}, "beforeEntity": {"status": "new"}}
            await leave_legacy(pool, number, {"entityID": str(UUID(int=7)), **change})
        await leave_legacy(pool, 3, [])
        messages = await arrived(channel, 2)
        await is_empty(pool)
        await until(only_the_unreadable_one_is_left, "a dead row")
    assert [message.message_id for message in messages] == [str(UUID(int=1)), str(UUID(int=2))]
    assert messages[1].routing_key == "orders.on_update"
    body = json.loads(messages[1].body)
    assert (body["raw_data"], body["entity_id"]) == ({"status": "held"}, str(UUID(int=7)))
    assert body["field_changes"] == {"status": {"old_value": "new", "new_value": "held"}}


async def test_two_relays_keep_the_order_of_the_outbox_of_an_existing_ichor_past_a_locked_row(
    rabbitmq_vhost: Vhost, pool: asyncpg.Pool, channel: AbstractChannel
):
    await pool.execute(LEGACY_TABLE.read_text())
    for number in range(1, 41):
        await leave_legacy(pool, number, {"entityID": f"o{number % 2}"}, "orders" if number % 4 < 2 else "users")
    legacy = replace(SHORT, legacy=True, events=3)
    async with pool.acquire() as other, AsyncExitStack() as relays:
        async with other.transaction():
            await other.execute("SELECT FROM workflow.cascade_outbox WHERE seq = 5 FOR UPDATE")
            for _ in range(2):
                await relays.enter_async_context(relaying(rabbitmq_vhost, pool, legacy))
            before = await arrived(channel, 22)
        messages = [*before, *await arrived(channel, 18)]
        await is_empty(pool)
    order: dict[tuple[str, str], list[int]] = {}
    for message in messages:
        body = json.loads(message.body)
        order.setdefault((body["entity_name"], body["entity_id"]), []).append(UUID(body["event_id"]).int)
    assert [len(numbers) for numbers in order.values()] == [10, 10, 10, 10]
    assert all(numbers == sorted(numbers) for numbers in order.values()), order


async def leave_legacy(pool: asyncpg.Pool, number: int, params: Any, entity: str = "orders") -> None:
    """Leave an event as an existing Ichor does."""
    raw = b64encode(json.dumps(params).encode()).decode()
    await pool.execute(
        "INSERT INTO workflow.cascade_outbox (id, domain, action, event_type, entity_name, payload) "
        "VALUES ($1, $3, 'updated', 'on_update', $3, $2)",
        UUID(int=number),
        {"Domain": entity, "Action": "updated", "RawParams": raw},
        entity,
    )


async def test_an_outbox_that_is_not_there_is_a_clear_error(rabbitmq_vhost: Vhost, environment: dict[str, str]):
    legacy = {**environment, "ICHOR_LEGACY_OUTBOX": "true"}
    async with start_program("ichor_trigger", legacy, "--only", "relay") as relay:
        assert await relay.ended() == 3
        assert "ICHOR_LEGACY_OUTBOX is on: The database has no table workflow.cascade_outbox." in relay.complaint
