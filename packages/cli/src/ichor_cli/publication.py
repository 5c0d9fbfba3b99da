"""Events published to RabbitMQ, as the trigger takes them (events.md)."""

import json
from collections.abc import Mapping

import aio_pika
from aio_pika.exceptions import AMQPError
from ichor_models import EntityEvent
from ichor_service import EVENTS, Settings
from pydantic import JsonValue

from ichor_cli.errors import Missing

_SECONDS = 10.0


async def publish(settings: Settings, event: EntityEvent, document: Mapping[str, JsonValue]) -> None:
    """Publish an event and return when the broker has it safely in a queue.

    Raises:
        Missing: the broker does not answer, or does not take it.
    """
    url = settings.rabbitmq_url.get_secret_value() if settings.rabbitmq_url else ""
    try:
        connection = await aio_pika.connect(url, timeout=_SECONDS)
        async with connection:
            await _send(connection, event, document)
    except (AMQPError, OSError, TimeoutError) as error:
        reason = " ".join(str(error).split()) or "no answer in time"
        mend = "Start it, or correct ICHOR_RABBITMQ_URL."
        raise Missing(f"RabbitMQ did not take the event: {reason}.", code="rabbitmq_unreachable", mend=mend) from None


async def _send(
    connection: aio_pika.abc.AbstractConnection, event: EntityEvent, document: Mapping[str, JsonValue]
) -> None:
    channel = await connection.channel(on_return_raises=True)
    await EVENTS.declare(channel)
    exchange = await channel.get_exchange(EVENTS.exchange, ensure=False)
    message = aio_pika.Message(
        json.dumps(document, ensure_ascii=False).encode(),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=event.event_id,
    )
    key = f"{event.entity_name}.{event.event_type}"
    await exchange.publish(message, key, mandatory=True, timeout=_SECONDS)
