"""What a worker leaves behind when it ends."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection
from ichor_models import Message, OpenedQuestion, Question
from ichor_service import Settings
from ichor_testing.question_bench import KEYS, QuestionBench
from ichor_worker.links import Links
from pydantic import SecretStr


async def test_every_connection_to_the_broker_is_closed(bench: QuestionBench, monkeypatch: pytest.MonkeyPatch):
    connect, opened = aio_pika.connect, list[AbstractConnection]()

    async def noted(*arguments: str, **settings: object) -> AbstractConnection:
        opened.append(await connect(*arguments, **settings))
        return opened[-1]

    monkeypatch.setattr(aio_pika, "connect", noted)
    environment = bench.environment
    settings = Settings(
        database_url=SecretStr(environment["ICHOR_DATABASE_URL"]),
        rabbitmq_url=SecretStr(environment["ICHOR_RABBITMQ_URL"]),
        temporal_address=environment["ICHOR_TEMPORAL_ADDRESS"],
        token_keys=SecretStr(KEYS),
    )
    links = Links.of(settings, "test")
    question = Question(timeout=timedelta(hours=1), message=Message(routing_key="stock.check"))
    asked = OpenedQuestion(id=UUID(int=1), expires=datetime.now(UTC) + timedelta(hours=1), question=question)
    async with links.closing():
        await links.store.connect()
        assert links.sender is not None
        await links.sender.send_again(asked)
        assert [connection.is_closed for connection in opened] == [False]
    assert [connection.is_closed for connection in opened] == [True]
