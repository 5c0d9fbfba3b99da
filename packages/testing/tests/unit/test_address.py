import asyncio

import pytest
from ichor_testing import NobodyAnswers, start_rabbitmq
from ichor_testing.address import without_password
from ichor_testing.ports import LOOPBACK


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u:p@host:5432/db", "postgresql://host:5432/db"),
        ("amqp://u:p%40x@host/%2F", "amqp://host/%2F"),
        ("host:7233", "host:7233"),
    ],
)
def test_no_password_is_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown


async def test_management_api_that_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.delenv("ICHOR_TESTING_SERVERS", raising=False)
    monkeypatch.setenv("ICHOR_RABBITMQ_URL", f"amqp://u:secret@{LOOPBACK}:{port}/")
    monkeypatch.setenv("ICHOR_RABBITMQ_MANAGEMENT_URL", f"http://u:secret@{LOOPBACK}:1")
    async with server:
        with pytest.raises(NobodyAnswers, match=r"management API .* ICHOR_RABBITMQ_MANAGEMENT_URL") as error:
            async with start_rabbitmq():
                pass
    assert "secret" not in str(error.value)
