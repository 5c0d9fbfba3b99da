"""Messages that RabbitMQ never takes, beside others that it does."""

import asyncio
from datetime import timedelta

import aio_pika
from aio_pika import Message
from ichor_service import Broker, Publisher, Unroutable, Unsendable
from ichor_testing import Vhost
from pydantic import SecretStr

NEVER = timedelta(days=36_500)
"""The broker takes no message that expires so late."""


async def test_what_the_broker_never_takes_harms_no_other(rabbitmq_vhost: Vhost):
    async with await aio_pika.connect(rabbitmq_vhost.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("tests", "topic", durable=True)
        queue = await channel.declare_queue("heard")
        await queue.bind(exchange, "heard")
        publisher = Publisher(Broker(SecretStr(rabbitmq_vhost.url), "test"), "tests")
        said = await asyncio.gather(
            publisher.publish(Message(b"never", expiration=NEVER), "heard"),
            *(publisher.publish(Message(b"taken"), "heard") for _ in range(5)),
            publisher.publish(Message(b"nobody's"), "unheard"),
            return_exceptions=True,
        )
        await publisher.close()
        assert [type(error) for error in said] == [Unsendable, *[type(None)] * 5, Unroutable]
        assert "invalid expiration" in str(said[0])
        for _ in range(5):
            assert (await queue.get(no_ack=True, timeout=60)).body == b"taken"
