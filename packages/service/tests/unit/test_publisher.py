"""Which connection a publisher closes when something goes wrong."""

import asyncio
from typing import Any, cast

import pytest
from aio_pika import Message
from ichor_service import Broker, Publisher, Unavailable, Unreachable


class Connection:
    """A connection, its channel and its exchange; `asked` holds an item for each message, `answer` is that to all."""

    def __init__(self, declared: Exception | None = None) -> None:
        self.is_closed = False
        self.asked = asyncio.Queue[None]()
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._declared = declared

    async def channel(self, **_: Any) -> "Connection":
        return self

    async def declare_exchange(self, *_: Any, **__: Any) -> "Connection":
        if self._declared is not None:
            raise self._declared
        return self

    async def publish(self, *_: Any, **__: Any) -> None:
        self.asked.put_nowait(None)
        await asyncio.shield(self.answer)

    async def close(self) -> None:
        self.is_closed = True


class Connections:
    """A broker with these connections, one after the other."""

    def __init__(self, *connections: Connection) -> None:
        self._connections = list(connections)

    async def connect(self) -> Connection:
        return self._connections.pop(0)


def publisher(*connections: Connection) -> Publisher:
    return Publisher(cast("Broker", Connections(*connections)), "tests")


async def test_a_connection_that_cannot_be_used_is_closed():
    connection = Connection(Unavailable("another kind of exchange"))
    with pytest.raises(Unavailable):
        await publisher(connection).publish(Message(b""), "key")
    assert connection.is_closed


async def test_a_late_failure_leaves_the_next_connection_alone():
    first, second = Connection(), Connection()
    publishing = publisher(first, second)
    late, early = (asyncio.create_task(publishing.publish(Message(b""), "key")) for _ in range(2))
    for _ in range(2):
        await first.asked.get()
    first.is_closed = True
    next_one = asyncio.create_task(publishing.publish(Message(b""), "key"))
    await second.asked.get()
    first.answer.set_exception(OSError("lost"))
    for failing in (late, early):
        with pytest.raises(Unreachable):
            await failing
    assert not second.is_closed
    second.answer.set_result(None)
    await next_one
