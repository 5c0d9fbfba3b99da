"""Dead letters on a real broker: looking at them uses none up, and sending one again loses nothing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import quote

import aio_pika
import httpx
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, PublishError
from ichor_service import DeadLetters, Letter, Topology, dead_letters
from ichor_testing import RabbitServer, Vhost, until

TOPOLOGY = Topology(exchange="", queue="tests.in", dead="tests.dead")
LIMIT = 20
"""After how many deliveries RabbitMQ 4 drops a message; before, only where a policy says so."""


@pytest_asyncio.fixture(loop_scope="session")
async def connection(rabbitmq_vhost: Vhost, shared_rabbitmq: RabbitServer) -> AsyncGenerator[AbstractConnection]:
    """A connection to a vhost whose queues drop messages as RabbitMQ 4 does."""
    policy = {"pattern": ".*", "definition": {"delivery-limit": LIMIT}, "apply-to": "queues"}
    async with httpx.AsyncClient(base_url=shared_rabbitmq.management_url, timeout=10) as http:
        path = f"/api/policies/{quote(rabbitmq_vhost.name)}/limit"
        (await http.put(path, json=policy)).raise_for_status()
    async with await aio_pika.connect(rabbitmq_vhost.url) as connection:
        await TOPOLOGY.declare(await connection.channel())
        yield connection


async def bury(connection: AbstractConnection, *bodies: str) -> None:
    """Let messages die."""
    channel = await connection.channel(on_return_raises=True)
    queue = await channel.get_queue(TOPOLOGY.queue)
    for body in bodies:
        sent = aio_pika.Message(body.encode(), correlation_id=f"token of {body}", headers={"own": "header"})
        await channel.default_exchange.publish(sent, TOPOLOGY.queue)
        await Letter(await taken(queue)).bury(channel, TOPOLOGY.dead, "no_good", "It is no good.")
    await channel.close()


async def taken(queue: aio_pika.abc.AbstractQueue) -> aio_pika.abc.AbstractIncomingMessage:
    found: list[aio_pika.abc.AbstractIncomingMessage] = []

    async def has_come() -> bool:
        if message := await queue.get(fail=False, timeout=60):
            found.append(message)
        return bool(found)

    await until(has_come, "a message", pause=0.01)
    return found[0]


@asynccontextmanager
async def opened(connection: AbstractConnection, count: int) -> AsyncGenerator[DeadLetters]:
    """Open the dead letters once there are so many: what was handed back is there a moment later."""

    async def are_there() -> bool:
        channel = await connection.channel()
        queue = await channel.declare_queue(TOPOLOGY.dead, passive=True)
        await channel.close()
        return queue.declaration_result.message_count == count

    await until(are_there, f"{count} dead letters", pause=0.01)
    async with dead_letters(connection, TOPOLOGY) as dead:
        yield dead


async def resend_all(connection: AbstractConnection) -> None:
    async with dead_letters(connection, TOPOLOGY) as dead:
        async for letter in dead.letters():
            await dead.resend(letter)


async def test_looking_at_letters_uses_none_up(connection: AbstractConnection):
    await bury(connection, "one", "two")
    seen: set[tuple[str, bytes]] = set()
    for _ in range(LIMIT + 5):
        async with opened(connection, 2) as dead:
            letters = [letter async for letter in dead.letters()]
        assert len(letters) == dead.count == 2
        seen |= {(letter.fingerprint, letter.body) for letter in letters}
    assert sorted(body for _, body in seen) == [b"one", b"two"]


async def test_the_limit_of_the_broker_is_in_force(connection: AbstractConnection):
    """Otherwise the test above would prove nothing."""
    await bury(connection, "one")
    queue = await (await connection.channel()).get_queue(TOPOLOGY.dead)
    for _ in range(LIMIT + 1):
        await (await taken(queue)).reject(requeue=True)
    async with opened(connection, 0) as dead:
        assert dead.count == 0


async def test_a_letter_goes_back_as_it_came(connection: AbstractConnection):
    await bury(connection, "one", "two", "three")
    async with opened(connection, 3) as dead:
        async for letter in dead.letters():
            if letter.body == b"two":
                await dead.resend(letter)
    message = await taken(await (await connection.channel()).get_queue(TOPOLOGY.queue))
    assert (message.body, message.correlation_id, message.delivery_mode) == (b"two", "token of two", 2)
    assert {key: value for key, value in message.headers.items() if key != "x-delivery-count"} == {"own": "header"}
    async with opened(connection, 2) as dead:
        assert {letter.body async for letter in dead.letters()} == {b"one", b"three"}


async def test_what_dies_again_meanwhile_is_not_sent_again(connection: AbstractConnection):
    await bury(connection, "one")
    async with opened(connection, 1) as dead:
        sent = 0
        async for letter in dead.letters():
            await dead.resend(letter)
            await bury(connection, "again")
            sent += 1
    assert sent == 1


async def test_what_the_broker_does_not_take_stays_dead(connection: AbstractConnection):
    await bury(connection, "one")
    async with opened(connection, 1) as dead:
        await (await connection.channel()).queue_delete(TOPOLOGY.queue)
        async for letter in dead.letters():
            with pytest.raises(PublishError):
                await dead.resend(letter)
    async with opened(connection, 1) as dead:
        assert dead.count == 1


async def test_a_connection_that_dies_between_the_copy_and_the_end_makes_a_duplicate(
    connection: AbstractConnection, rabbitmq_vhost: Vhost, monkeypatch: pytest.MonkeyPatch
):
    await bury(connection, "one")
    dying = await aio_pika.connect(rabbitmq_vhost.url)

    async def accept(_: Letter) -> None:
        await dying.close()
        raise AMQPError("the connection is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Letter, "accept", accept)
        with pytest.raises(AMQPError):
            await resend_all(dying)
    message = await taken(await (await connection.channel()).get_queue(TOPOLOGY.queue))
    async with opened(connection, 1) as dead:
        assert [letter.body async for letter in dead.letters()] == [message.body] == [b"one"]
