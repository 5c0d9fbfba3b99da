"""An example of a service that answers questions: a carrier that says what a parcel costs."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractIncomingMessage


@asynccontextmanager
async def answering(rabbitmq_url: str) -> AsyncGenerator[None]:
    """Answer the questions of the routing keys `carrier.…` until the block ends."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        requests = await channel.declare_exchange("ichor.requests", aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("carrier", durable=True)
        await queue.bind(requests, "carrier.#")

        async def answer(question: AbstractIncomingMessage) -> None:
            asked = json.loads(question.body)
            price = 4.9 + asked["weight_kg"] * (1 if asked["country"] == "DE" else 3)
            reply = aio_pika.Message(
                json.dumps({"result": {"price": price}}).encode(),
                correlation_id=question.correlation_id,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await channel.default_exchange.publish(reply, question.reply_to or "")
            await question.ack()

        await queue.consume(answer)
        yield
