"""Who sends slowly, or a token that nobody knows, takes nothing from the others; over a real port."""

import asyncio
from asyncio import StreamReader
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import httpx
import jwt
import pytest
from ichor_testing import until
from ichor_testing.http import Answer, start_http
from ichor_testing.ports import LOOPBACK
from ichor_trigger.api.application import application
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.guard import Limits
from ichor_trigger.api.jwt_verifier import JwtVerifier
from ichor_trigger.api.key_set import KeySet
from ichor_trigger.api.token_file import TokenFile
from ichor_trigger.links import Links
from starlette.types import ASGIApp
from structlog.testing import capture_logs

type Begin = Callable[[str], Awaitable[StreamReader]]
type Serve = Callable[[ASGIApp], AbstractAsyncContextManager[int]]

SECONDS = 2.0
HEAD = (
    "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n"
    "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
)
UNKNOWN_KEY = jwt.encode({"sub": "eve"}, "secret-secret-secret-secret-secret", "HS256", {"kid": "unknown"})


@pytest.fixture
async def stack() -> AsyncGenerator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def port(links: Links, tokens: TokenFile, serve: Serve, stack: AsyncExitStack) -> int:
    """Where an API is that has one place, and knows JWTs by keys that take long to come."""
    issuer = await stack.enter_async_context(start_http())
    issuer.default = Answer(json={"keys": []}, delay=60)
    authenticator = Authenticator(tokens, JwtVerifier(KeySet(issuer.url)))
    limits = Limits(body=20_000, at_once=1, seconds=SECONDS)
    return await stack.enter_async_context(serve(application(links, authenticator, limits)))


@pytest.fixture
def begin(port: int, stack: AsyncExitStack) -> Begin:
    """Sends the head of a request and the beginning of its body."""

    async def begun(token: str) -> StreamReader:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        stack.callback(writer.close)
        writer.write(f"{HEAD.format(token)}{{".encode())
        return reader

    return begun


async def known(port: int) -> httpx.Response:
    async with httpx.AsyncClient(headers={"authorization": "Bearer token-of-ada"}) as client:
        return await client.get(f"http://{LOOPBACK}:{port}/v1/nowhere")


async def test_a_wrong_token_is_refused_before_the_body_and_takes_no_place(begin: Begin, port: int):
    mine = await begin("token-of-ada")
    theirs = [await begin("token-of-eve") for _ in range(50)]
    async with asyncio.timeout(SECONDS / 2):
        assert {await reader.readline() for reader in theirs} == {b"HTTP/1.1 401 Unauthorized\r\n"}
        assert (await known(port)).json()["error"]["code"] == "busy"
    assert await mine.readline() == b"HTTP/1.1 408 Request Timeout\r\n"


async def test_a_slow_body_is_given_up_with_its_place_and_its_connection(begin: Begin, port: int):
    reader = await begin("token-of-ada")
    answered = await reader.read()
    assert answered.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"body_too_slow" in answered
    assert f"not there within {SECONDS:g} seconds".encode() in answered
    assert (await known(port)).status_code == 404


async def test_a_request_within_a_body_of_two_lengths_is_none(port: int, stack: AsyncExitStack):
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    stack.callback(writer.close)
    ask = "{} /v1/nowhere HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-ada\r\n"
    inner = f"0\r\n\r\n{ask.format('GET')}\r\n"
    lengths = f"Content-Length: {len(inner)}\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(f"{ask.format('POST')}{lengths}{inner}".encode())
    answered = await reader.read()
    assert answered.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"ambiguous_length" in answered
    assert answered.count(b"HTTP/1.1") == 1


async def test_who_leaves_before_the_end_of_the_body_is_no_mistake_of_ours(port: int):
    with capture_logs() as logs:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(f"{HEAD.format('token-of-ada')}{{".encode())
        writer.close()

        async def is_written_down() -> bool:
            return bool(logs)

        await until(is_written_down, "the line of the request")
    assert [(entry["event"], entry["log_level"], entry["status"]) for entry in logs] == [("request", "info", 400)]


async def test_keys_that_do_not_come_hold_up_only_some_who_wait_for_them(begin: Begin, port: int):
    answers = asyncio.as_completed([(await begin(UNKNOWN_KEY)).readline() for _ in range(50)])
    async with asyncio.timeout(SECONDS / 2):
        assert {await next(answers) for _ in range(30)} == {b"HTTP/1.1 503 Service Unavailable\r\n"}
        assert (await known(port)).status_code == 404
    assert {await answer for answer in answers} == {b"HTTP/1.1 503 Service Unavailable\r\n"}
