import asyncio
import ssl
import subprocess
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from ichor_activities import ActionContext, Services, WebAccess, http_exchange
from ichor_activities.handlers import call_webhook
from ichor_activities.http_exchange import Exchange
from ichor_activities.http_message import Request
from ichor_models import CURRENT_TRACE, ActionCall, ActionError, Traceparent
from ichor_testing import Answer, HttpSink, free_port, start_http


@pytest.fixture
async def sink() -> AsyncGenerator[HttpSink]:
    async with start_http() as sink:
        yield sink


@pytest.fixture
async def other() -> AsyncGenerator[HttpSink]:
    async with start_http() as other:
        yield other


LOOPBACK = Services(web=WebAccess.parse("127.0.0.0/8, localhost"))


async def perform(call: ActionCall, services: Services = LOOPBACK) -> dict[str, Any]:
    return await call_webhook.perform(call.config, ActionContext(call, services))


async def test_posts(sink: HttpSink, make_call: Any) -> None:
    sink.script(Answer(201, json={"ok": True}, headers={"content-type": "application/json; charset=utf-8"}))
    config = {"url": f"{sink.url}/hook?a=1", "headers": {"X-Key": "k", "host": "evil"}, "body": '{"ä": 1}'}
    call = make_call("call_webhook", config)
    assert await perform(call) == {
        "status_code": 201,
        "body": '{"ok": true}',
        "content_type": "application/json; charset=utf-8",
        "output": "success",
    }
    request = sink.requests[0]
    assert (request.method, request.path, request.query) == ("POST", "/hook", {"a": ["1"]})
    assert request.body == '{"ä": 1}'.encode()
    assert request.headers["idempotency-key"] == call.idempotency_key
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-key"] == "k"
    assert request.headers["host"] == f"127.0.0.1:{sink.port}"


async def test_a_config_may_set_its_own_headers(sink: HttpSink, make_call: Any) -> None:
    headers = {"idempotency-key": "mine", "Content-Type": "text/plain"}
    await perform(make_call("call_webhook", {"url": sink.url, "headers": headers, "body": "x", "method": "get"}))
    request = sink.requests[0]
    assert (request.method, request.body) == ("GET", b"x")
    assert (request.headers["idempotency-key"], request.headers["content-type"]) == ("mine", "text/plain")


async def test_it_hands_the_trace_on_where_there_is_one(sink: HttpSink, make_call: Any) -> None:
    traced = Traceparent("a" * 32, "b" * 16)
    own = {"Traceparent": str(traced.at("mine"))}
    token = CURRENT_TRACE.set(traced)
    try:
        await perform(make_call("call_webhook", {"url": sink.url}))
        await perform(make_call("call_webhook", {"url": sink.url, "headers": own}))
    finally:
        CURRENT_TRACE.reset(token)
    await perform(make_call("call_webhook", {"url": sink.url}))
    sent = [request.headers.get("traceparent") for request in sink.requests]
    assert sent == [str(traced), own["Traceparent"], None]


@pytest.mark.parametrize(
    ("status", "expected", "port"),
    [
        (200, None, "success"),
        (204, None, "success"),
        (203, None, "unexpected_response"),
        (304, None, "unexpected_response"),
        (404, None, "client_error"),
        (404, [404], "success"),
        (503, None, "server_error"),
        (200, [201], "unexpected_response"),
    ],
)
async def test_ports(sink: HttpSink, make_call: Any, status: int, expected: list[int] | None, port: str) -> None:
    sink.script(Answer(status, body=b"" if status in (204, 304) else b"x"))
    config = {"url": sink.url} | ({"expected_status_codes": expected} if expected else {})
    result = await perform(make_call("call_webhook", config))
    assert (result["output"], result["status_code"]) == (port, status)
    assert len(sink.requests) == 1


async def test_a_timeout_is_a_port(sink: HttpSink, make_call: Any) -> None:
    sink.script(Answer(delay=5))
    result = await perform(make_call("call_webhook", {"url": sink.url, "timeout_seconds": 1}))
    assert result == {"output": "timeout", "status_code": 0, "body": "", "content_type": ""}


async def test_no_connection_is_tried_again(sink: HttpSink, make_call: Any) -> None:
    for url in (f"http://127.0.0.1:{free_port()}", "http://no-such-host.invalid"):
        services = Services(web=WebAccess.parse("127.0.0.0/8, *.invalid"))
        with pytest.raises(ActionError) as error:
            await perform(make_call("call_webhook", {"url": url}), services)
        assert (error.value.type, error.value.retryable) == ("unavailable", True)


async def test_what_was_sent_is_not_sent_again(sink: HttpSink, make_call: Any) -> None:
    sink.script(Answer(drop=True))
    with pytest.raises(ActionError, match="may have arrived") as error:
        await perform(make_call("call_webhook", {"url": sink.url}))
    assert (error.value.type, error.value.retryable) == ("webhook", False)


@pytest.mark.parametrize("charset", ["hex", "rot13", "idna", "unicode_escape", "no-such"])
async def test_a_server_cannot_choose_what_is_no_charset(sink: HttpSink, make_call: Any, charset: str) -> None:
    sink.default = Answer(body=b"\\ud800 a", headers={"content-type": f"text/plain; charset={charset}"})
    result = await perform(make_call("call_webhook", {"url": sink.url}))
    assert result["output"] == "success"
    assert result["body"].isprintable()


async def test_a_body_is_not_handed_on_to_another_host(sink: HttpSink, make_call: Any) -> None:
    sink.script(Answer(status=307, headers={"location": sink.url.replace("127.0.0.1", "localhost")}))
    with pytest.raises(ActionError, match="not handed on") as error:
        await perform(make_call("call_webhook", {"url": sink.url, "body": "secret"}))
    assert not error.value.retryable
    assert len(sink.requests) == 1


async def test_the_body_is_cut(sink: HttpSink, make_call: Any) -> None:
    sink.script(Answer(body=b"x" + "ä".encode() * 20_000), Answer(body=b"\xff\0"), Answer(body="ä".encode("latin-1")))
    sink.default = Answer(body="ä".encode("latin-1"), headers={"content-type": "text/plain; charset=latin-1"})
    call = make_call("call_webhook", {"url": sink.url})
    assert (await perform(call))["body"] == "x" + "ä" * 5119
    assert (await perform(call))["body"] == "\ufffd\ufffd"
    assert (await perform(call))["body"] == "\ufffd"
    assert (await perform(call))["body"] == "ä"


async def test_a_body_without_end_is_not_read(make_call: Any) -> None:
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                written += 65_536
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await perform(make_call("call_webhook", {"url": f"http://127.0.0.1:{port}"}))
    assert len(result["body"]) == 10 * 1024
    assert written < 20 * 2**20


async def test_loopback_is_refused_unless_it_is_opened(sink: HttpSink, make_call: Any) -> None:
    for url in (sink.url, f"http://localhost:{sink.port}", f"http://[::ffff:127.0.0.1]:{sink.port}"):
        with pytest.raises(ActionError, match="ICHOR_WEBHOOK_ALLOW") as error:
            await perform(make_call("call_webhook", {"url": url}), Services(web=WebAccess.parse("http")))
        assert (error.value.type, error.value.retryable) == ("not_allowed", False)
    assert not sink.requests


async def test_a_host_can_be_opened_by_name(sink: HttpSink, make_call: Any) -> None:
    services = Services(web=WebAccess.parse("localhost"))
    call = make_call("call_webhook", {"url": f"http://localhost:{sink.port}/"})
    assert (await perform(call, services))["output"] == "success"
    assert sink.requests[0].headers["host"] == f"localhost:{sink.port}"


async def test_connects_to_the_address_that_was_checked(sink: HttpSink) -> None:
    """A name that leads elsewhere when it is asked a second time leads nowhere: it is asked once."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    exchange = Exchange(WebAccess.parse("127.0.0.1"), resolver=rebinding)
    answer = await exchange.send(Request("GET", f"http://harmless.example:{sink.port}/", {}))
    assert answer.status == 200
    assert asked == ["harmless.example"]
    assert sink.requests[0].headers["host"] == f"harmless.example:{sink.port}"


async def test_takes_the_next_address_of_a_host(sink: HttpSink) -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    exchange = Exchange(WebAccess.parse("127.0.0.0/8"), resolver=two)
    assert (await exchange.send(Request("GET", f"http://x.example:{sink.port}/", {}))).status == 200


async def test_speaks_ipv6(make_call: Any) -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    try:
        server = await asyncio.start_server(answer, "::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with server:
        port = server.sockets[0].getsockname()[1]
        call = make_call("call_webhook", {"url": f"http://[::1]:{port}"})
        assert (await perform(call, Services(web=WebAccess.parse("::1"))))["output"] == "success"
    assert f"host: [::1]:{port}".encode() in asked[0].lower()


@pytest.fixture
def server_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[ssl.SSLContext]:
    """What a server named hooks.example needs, with a certificate that is trusted for the test."""
    if which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"]
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*make, *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http_exchange.tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    yield context
    http_exchange.tls.cache_clear()


async def test_tls_checks_the_name_of_the_url(server_tls: ssl.SSLContext) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    async def loopback(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    exchange = Exchange(WebAccess.parse("127.0.0.1"), resolver=loopback)
    async with await asyncio.start_server(answer, "127.0.0.1", ssl=server_tls) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await exchange.send(Request("GET", f"https://hooks.example:{port}/", {}))).text == "ok"
        with pytest.raises(ActionError, match=r"other\.example") as error:
            await exchange.send(Request("GET", f"https://other.example:{port}/", {}))
    assert error.value.type == "unavailable"


@pytest.mark.parametrize(("status", "method", "body"), [(302, "GET", b""), (303, "GET", b""), (307, "POST", b"b")])
async def test_follows_redirects(sink: HttpSink, make_call: Any, status: int, method: str, body: bytes) -> None:
    sink.script(Answer(status, headers={"location": "/next?x=1"}))
    config = {"url": f"{sink.url}/first", "body": "b", "headers": {"Authorization": "Bearer t"}}
    assert (await perform(make_call("call_webhook", config)))["output"] == "success"
    request = sink.requests[1]
    assert (request.method, request.path, request.body) == (method, "/next", body)
    assert request.headers["authorization"] == "Bearer t"


async def test_headers_stay_with_their_host(sink: HttpSink, other: HttpSink, make_call: Any) -> None:
    sink.script(Answer(307, headers={"location": f"{other.url}/in"}))
    headers = {"Authorization": "Bearer t", "X-Api-Key": "k", "Cookie": "c", "Content-Type": "text/plain"}
    call = make_call("call_webhook", {"url": sink.url, "headers": headers})
    await perform(call)
    received = other.requests[0].headers
    assert not {"authorization", "x-api-key", "cookie"} & set(received)
    assert received["content-type"] == "text/plain"
    assert received["idempotency-key"] == call.idempotency_key


@pytest.mark.parametrize("target", ["http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data"])
async def test_a_redirect_leads_nowhere_else(sink: HttpSink, make_call: Any, target: str) -> None:
    sink.script(Answer(302, headers={"location": target}))
    with pytest.raises(ActionError) as error:
        await perform(make_call("call_webhook", {"url": sink.url}))
    assert error.value.type == "not_allowed"


async def test_redirects_have_an_end(sink: HttpSink, make_call: Any) -> None:
    sink.default = Answer(302, headers={"location": "/again"})
    with pytest.raises(ActionError, match="more than 5") as error:
        await perform(make_call("call_webhook", {"url": sink.url}))
    assert not error.value.retryable
    assert len(sink.requests) == 6


async def test_an_expected_redirect_is_a_success(sink: HttpSink, make_call: Any) -> None:
    sink.script(Answer(302, headers={"location": "/next"}))
    result = await perform(make_call("call_webhook", {"url": sink.url, "expected_status_codes": [302]}))
    assert (result["output"], result["status_code"]) == ("success", 302)


@pytest.mark.parametrize("headers", [{"X-A": "a\r\nX-B: b"}, {"X A": "b"}, {"X-A": "ä"}, {"": "x"}])
async def test_refuses_headers_that_are_none(sink: HttpSink, make_call: Any, headers: dict[str, str]) -> None:
    with pytest.raises(ActionError) as error:
        await perform(make_call("call_webhook", {"url": sink.url, "headers": headers}))
    assert (error.value.type, error.value.retryable) == ("config", False)
    assert not sink.requests
