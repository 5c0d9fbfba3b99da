"""An HTTP server that keeps what it is asked and answers as told, for tests of what calls other systems."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ichor_testing.deadline import until
from ichor_testing.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request; the names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer: after `delay` seconds, or by closing the connection where `drop`."""

    status: int = 200
    json: Any = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0.0
    drop: bool = False

    def content(self) -> bytes:
        """Return the bytes of the body."""
        return self.body if self.body is not None else json.dumps(self.json).encode()


@dataclass
class HttpSink:
    """A running HTTP server on a loopback port; without a script it answers 200 and `null`."""

    port: int
    requests: list[ReceivedRequest] = field(default_factory=list[ReceivedRequest])
    default: Answer = field(default_factory=Answer)
    host: str = LOOPBACK
    _script: list[Answer] = field(default_factory=list[Answer])
    _closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def script(self, *answers: Answer) -> None:
        """Give these answers, in order, to the next requests; after them, `default`."""
        self._script += answers

    async def wait_for(self, count: int, *, seconds: float = 10.0) -> list[ReceivedRequest]:
        """Return the requests once there are `count`; raises DeadlineExceeded."""

        async def enough() -> bool:
            return len(self.requests) >= count

        await until(enough, f"the arrival of {count} requests", seconds=seconds, pause=0.01)
        return list(self.requests)

    def take(self, request: ReceivedRequest) -> Answer:
        """Keep a request and return its answer when it is due; in the server's threads."""
        self.requests.append(request)
        answer = self._script.pop(0) if self._script else self.default
        if answer.delay:
            self._closing.wait(answer.delay)
        return answer

    def close(self) -> None:
        """Let no answer wait any longer."""
        self._closing.set()


class _Handler(BaseHTTPRequestHandler):
    sink: HttpSink
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65_537)
        self.close_connection = True
        if self.raw_requestline and self.parse_request():
            self.close_connection = True
            self._reply(self.sink.take(self._request()))

    def _request(self) -> ReceivedRequest:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return ReceivedRequest(self.command, parts.path, parse_qs(parts.query), headers, body)

    def _reply(self, answer: Answer) -> None:
        if answer.drop:
            return
        content = answer.content()
        headers = {"content-type": "application/json", **answer.headers, "content-length": str(len(content))}
        self.send_response(answer.status)
        for name, value in {**headers, "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # the base class names it so
        """Say nothing: the sink has the requests."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hung up is part of many tests."""


@asynccontextmanager
async def start_http(port: int = 0) -> AsyncGenerator[HttpSink]:
    """Yield an HTTP server in threads of its own, on a free loopback port where none is given."""
    sink = HttpSink(port)
    handler = type("Handler", (_Handler,), {"sink": sink})
    server = _Server((LOOPBACK, port), handler)
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="http-sink")
    thread.start()
    try:
        yield sink
    finally:
        sink.close()
        await asyncio.to_thread(server.shutdown)
        thread.join()
        server.server_close()
