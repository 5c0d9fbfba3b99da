"""Events published to RabbitMQ, as the trigger takes them (events.md)."""

import json
from collections.abc import Mapping

import aio_pika
from ichor_models import EntityEvent
from ichor_service import EVENTS, Settings
from pydantic import JsonValue

from ichor_cli.broker import broker_connection

_SECONDS = 10.0


async def publish(settings: Settings, event: EntityEvent, document: Mapping[str, JsonValue]) -> None:
    """Publish an event and return when the broker has it safely in a queue.

    Raises:
        Missing: the broker does not answer, or does not take it.
    """
    async with broker_connection(settings, "take the event") as connection:
        await _send(connection, event, document)


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
