"""Who takes an answer slowly holds the place of the request, and no memory beside; over a real port."""

import asyncio
from asyncio import StreamReader
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from ichor_service.connection import Connection
from ichor_testing import until
from ichor_testing.ports import LOOPBACK
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.guard import Guard, Limits
from ichor_trigger.api.token_file import TokenFile
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

type Serve = Callable[[ASGIApp], AbstractAsyncContextManager[int]]

LARGE = 50_000_000
SECONDS = 0.1
GET = b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-ada\r\n\r\n"


@pytest.fixture
async def port(tokens: TokenFile, serve: Serve) -> AsyncGenerator[int]:
    """Where an API is that has one place, and gives a large answer to everything."""
    limits = Limits(body=0, at_once=1, seconds=SECONDS)
    async with serve(Guard(PlainTextResponse("x" * LARGE), Authenticator(tokens, None), limits)) as served:
        yield served


@asynccontextmanager
async def asking(port: int) -> AsyncGenerator[tuple[int, StreamReader]]:
    """Yield the status of an answer, and where its body comes."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        yield int(head.split()[1]), reader
    finally:
        writer.close()


async def is_free(port: int) -> bool:
    async with asking(port) as (status, _):
        return status == 200


async def test_an_answer_holds_its_place_until_it_is_taken_however_long_that_takes(port: int):
    async with asking(port) as (status, reader):
        assert status == 200
        assert not await is_free(port)
        await asyncio.sleep(2 * SECONDS)
        assert len(await reader.readexactly(LARGE)) == LARGE
        await until(lambda: is_free(port), "the place of an answer that was taken")


async def test_an_answer_that_is_not_taken_is_cut_off_and_frees_its_place(port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Connection, "ANSWER_SECONDS", SECONDS)
    async with asking(port) as (status, reader):
        assert status == 200
        await until(lambda: is_free(port), "the place of an answer that was cut off")
        assert len(await reader.read()) < LARGE
