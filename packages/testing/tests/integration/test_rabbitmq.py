import asyncio
import socket
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest
from ichor_testing import ServerMissing, Source, isolated_vhost, start_rabbitmq
from ichor_testing.rabbitmq import RabbitServer
from pamqp.common import Arguments

QUORUM: Arguments = {"x-queue-type": "quorum"}


async def declare(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        await (await connection.channel()).declare_queue("kept", durable=True, arguments=QUORUM)


async def publish(url: str, body: bytes) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, "kept")


async def take(url: str) -> bytes:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("kept", durable=True, arguments=QUORUM)
        async with queue.iterator(timeout=30) as messages:
            message = await anext(messages)
            await message.ack()
            return message.body


async def test_confirmed_messages_survive_a_kill_and_the_server(tmp_path: Path) -> None:
    async with start_rabbitmq(source=Source.LOCAL, data_dir=tmp_path) as server:
        await declare(server.url)
        await asyncio.sleep(5)  # a younger quorum queue would be lost, see RabbitServer
        await publish(server.url, b"one")
        await server.kill()
        assert not await server.answers()
        await server.restart()
        assert await take(server.url) == b"one"
        await publish(server.url, b"two")
    async with start_rabbitmq(source=Source.LOCAL, data_dir=tmp_path) as server:
        assert await take(server.url) == b"two"


async def test_listens_on_loopback_only(shared_rabbitmq: RabbitServer) -> None:
    if shared_rabbitmq.source is Source.ENV:
        pytest.skip("a server found by its address listens where its owner wants")
    own_address = _address_of_this_machine()
    for url in (shared_rabbitmq.url, shared_rabbitmq.management_url):
        with pytest.raises(OSError, match="refused"), socket.create_connection((own_address, urlsplit(url).port), 2):
            pass


def _address_of_this_machine() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


async def test_vhosts_are_apart_and_deleted(shared_rabbitmq: RabbitServer) -> None:
    async with isolated_vhost(shared_rabbitmq) as one, isolated_vhost(shared_rabbitmq) as other:
        await declare(one.url)
        await declare(other.url)
        await publish(one.url, b"mine")
        await publish(other.url, b"theirs")
        assert await take(one.url) == b"mine"
    async with httpx.AsyncClient(base_url=shared_rabbitmq.management_url, timeout=60) as http:
        left = {vhost["name"] for vhost in (await http.get("/api/vhosts")).json()}
    assert not {one.name, other.name} & left


async def test_found_by_its_address(shared_rabbitmq: RabbitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICHOR_TESTING_SERVERS", raising=False)
    monkeypatch.setenv("ICHOR_RABBITMQ_URL", shared_rabbitmq.url)
    monkeypatch.setenv("ICHOR_RABBITMQ_MANAGEMENT_URL", shared_rabbitmq.management_url)
    async with start_rabbitmq() as server, isolated_vhost(server) as vhost:
        assert server.source is Source.ENV
        await declare(vhost.url)
    assert await shared_rabbitmq.answers()


async def test_missing_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICHOR_RABBITMQ_URL", raising=False)
    with pytest.raises(ServerMissing, match=r"RabbitMQ is missing: no address found\. Set ICHOR_RABBITMQ_URL"):
        async with start_rabbitmq(source=Source.ENV):
            pass
