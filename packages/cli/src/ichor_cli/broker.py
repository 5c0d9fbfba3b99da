"""The RabbitMQ that ICHOR_RABBITMQ_URL names."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.exceptions import ChannelAccessRefused
from ichor_service import Broker, Refused, Settings, Unreachable
from pydantic import SecretStr

from ichor_cli.errors import Missing

GRANT = r"`rabbitmqctl set_permissions -p VHOST USER C W R`, each a pattern as '^(ichor\..*|amq\.default)$'."
"""How to mend that our user lacks a right."""


@asynccontextmanager
async def broker_connection(settings: Settings, task: str) -> AsyncGenerator[AbstractConnection]:
    """Yield a connection that is closed after the block; `task` says what RabbitMQ is to do within it.

    Raises:
        Missing: it does not answer, or does not do it.
    """
    try:
        async with await Broker(settings.rabbitmq_url or SecretStr(""), "ichor").connect() as connection:
            yield connection
    except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, Unreachable) as error:
        reason = " ".join(str(error).split()).rstrip(".") or "no answer in time"
        raise Missing(f"RabbitMQ did not {task}: {reason}.", code="rabbitmq_unreachable", mend=_mend(error)) from None


def _mend(error: Exception) -> str:
    match error:
        case Refused():
            return error.mend
        case ChannelAccessRefused():
            return GRANT
        case _:
            return "Start it, or correct ICHOR_RABBITMQ_URL."
