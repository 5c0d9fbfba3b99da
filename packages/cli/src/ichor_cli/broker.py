"""The RabbitMQ that ICHOR_RABBITMQ_URL names."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from ichor_service import Broker, Settings, Unreachable
from pydantic import SecretStr

from ichor_cli.errors import Missing


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
        mend = "Start it, or correct ICHOR_RABBITMQ_URL."
        raise Missing(f"RabbitMQ did not {task}: {reason}.", code="rabbitmq_unreachable", mend=mend) from None
