"""What the HTTP server bears of its clients, over a real port."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

import pytest
from ichor_service import HttpServer
from ichor_service.connection import Connection
from ichor_testing.ports import LOOPBACK, free_port
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

type Streams = tuple[StreamReader, StreamWriter]

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = 50_000_000


async def answer(request: Request) -> Response:
    return PlainTextResponse("x" * int(request.query_params.get("size", "2")))


@asynccontextmanager
async def connecting() -> AsyncGenerator[Callable[[], asyncio.Future[Streams]]]:
    """Yield what opens a connection to a server."""
    port, opened = free_port(), list[StreamWriter]()
    server = HttpServer(LOOPBACK, port, [Route("/", answer, methods=["GET", "POST"])])

    async def connect() -> Streams:
        streams = await asyncio.open_connection(LOOPBACK, port)
        opened.append(streams[1])
        return streams

    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        try:
            yield lambda: asyncio.ensure_future(connect())
        finally:
            for writer in opened:
                writer.close()
            server.close()


async def status(streams: Streams, request: bytes = GET) -> bytes:
    """Return the status line that answers a request."""
    reader, writer = streams
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
    await reader.readexactly(length)
    return head.partition(b"\r\n")[0]


async def end(reader: StreamReader) -> bytes:
    """Return what still comes before the server closes the connection."""
    async with asyncio.timeout(60):
        return await reader.read()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "HEAD_SECONDS", 3)
    monkeypatch.setattr(Connection, "ANSWER_SECONDS", 3.0)


async def trickle(writer: StreamWriter, text: bytes) -> None:
    for byte in text:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("before", [0, 1])
async def test_a_head_that_comes_byte_by_byte_is_answered_408(before: int):
    async with connecting() as connect:
        reader, writer = await connect()
        for _ in range(before):
            assert await status((reader, writer)) == b"HTTP/1.1 200 OK"
        sending = asyncio.create_task(trickle(writer, GET[:20] * 5))
        answered = await end(reader)
        sending.cancel()
        assert answered.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert answered.endswith(b"The head of the request was not there within 3 seconds.\n")


@pytest.mark.usefixtures("impatient")
async def test_who_asks_nothing_is_cut_off():
    async with connecting() as connect:
        silent, _ = await connect()
        asked = await connect()
        await status(asked)
        assert await asyncio.gather(end(silent), end(asked[0])) == [b"", b""]


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_nobody_reads_keeps_no_connection():
    async with connecting() as connect:
        reader, writer = await connect()
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        assert await status((reader, writer), head) == b"HTTP/1.1 200 OK"
        sending = asyncio.create_task(trickle(writer, b"x" * 100))
        # A reset, where what was sent before had not been read.
        with suppress(ConnectionResetError):
            assert await end(reader) == b""
        sending.cancel()


@pytest.mark.usefixtures("impatient")
async def test_who_takes_no_answer_is_cut_off():
    async with connecting() as connect:
        reader, writer = await connect()
        writer.write(GET.replace(b"/ ", f"/?size={LARGE} ".encode(), 1))
        await reader.readuntil(b"\r\n")
        cast("asyncio.Transport", writer.transport).pause_reading()
        with pytest.raises(ConnectionResetError):
            await trickle(writer, b"x" * 100)


@pytest.mark.usefixtures("impatient")
async def test_who_takes_an_answer_slowly_is_cut_off():
    async with connecting() as connect:
        reader, writer = await connect()
        writer.write(GET.replace(b"/ ", f"/?size={LARGE} ".encode(), 1))
        taken = 0
        async with asyncio.timeout(60):
            while piece := await reader.read(LARGE // 200):
                taken += len(piece)
                await asyncio.sleep(0.1)
        assert taken < LARGE


@pytest.mark.parametrize("is_answered", [False, True])
async def test_a_body_that_is_no_http_is_no_error_of_ours(is_answered: bool, caplog: pytest.LogCaptureFixture):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with connecting() as connect:
        reader, writer = await connect()
        if is_answered:
            assert await status((reader, writer), head) == b"HTTP/1.1 200 OK"
            writer.write(b"no length\r\n")
            assert await end(reader) == b""
        else:
            writer.write(head + b"no length\r\n")
            assert (await end(reader)).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert await status(await connect()) == b"HTTP/1.1 200 OK"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_one_connection_too_many_closes_that_which_waits_longest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Connection, "MOST", 3)
    async with connecting() as connect:
        first, second, third = [await connect() for _ in range(3)]
        assert await status(first) == b"HTTP/1.1 200 OK"
        for _ in range(2):
            assert await status(await connect()) == b"HTTP/1.1 200 OK"
        assert await asyncio.gather(end(second[0]), end(third[0])) == [b"", b""]
        assert await status(first) == b"HTTP/1.1 200 OK"
