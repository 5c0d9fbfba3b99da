"""What every request passes before anything else: limits, and the question who calls."""

import asyncio
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

import structlog
from ichor_models import TRACEPARENT, Traceparent
from ichor_service import Caller, span, tell_span
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.error import RETRY, ApiError, explain
from ichor_trigger.shares import Shares

_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many bytes a body may have, how many requests may be under way, and for how many seconds each.

    Of those `at_once`, a caller may have as many as it leaves free.
    """

    body: int
    at_once: int = 80
    seconds: float = 10.0


class Guard:
    """Lets requests through to an application that have a caller, within limits, and writes each of them down."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator, limits: Limits) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limits = limits
        self._shares = Shares(limits.at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"]
        facts = {"http.request.method": method, "url.path": path}
        traced = Traceparent.read(Headers(scope=scope).get(TRACEPARENT))
        began, answer = time.monotonic(), _Answer(send)
        with span(f"request {method}", facts, kind="server", parent=traced):
            try:
                await self._answer(scope, receive, answer)
            finally:
                seconds = round(time.monotonic() - began, 3)
                tell_span({"http.response.status_code": answer.status})
                _log.info(
                    "request", method=method, path=path, status=answer.status, caller=_sub(scope), seconds=seconds
                )

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        body = _Body(receive, self._limits.body)
        try:
            async with asyncio.timeout(self._limits.seconds) as working:

                async def send(message: Message) -> None:
                    working.reschedule(None)  # How long a client may take over an answer, the connection knows.
                    await answer(message)

                await self._let_through(scope, body, send)
        except ApiError as error:
            failure = error
        except TimeoutError:
            failure = self._too_late(body)
        except Exception as error:
            _log.error("request failed", exc_info=error)
            failure = explain(error)
        else:
            return
        if answer.status is None:
            await failure.response()(scope, receive, answer)

    async def _let_through(self, scope: Scope, body: "_Body", send: Send) -> None:
        headers = Headers(scope=scope)
        _require_one_length(headers)
        caller = await self._authenticator.caller(headers)
        scope["state"] = {**scope.get("state", {}), "caller": caller}
        body.announced(headers.get("content-length"))
        with self._place(caller.sub):
            await self._app(scope, body, send)

    def _too_late(self, body: "_Body") -> ApiError:
        seconds = f"{self._limits.seconds:g} seconds"
        if body.is_awaited:
            message = f"The body was not there within {seconds}."
            return ApiError(408, "body_too_slow", message, "Send it again, faster or smaller.", {"connection": "close"})
        return ApiError(503, "timeout", f"It took more than {seconds}.", "Send it again.", RETRY)

    def _place(self, sub: str) -> AbstractContextManager[None]:
        if not self._shares.has_place(sub):
            message = "Too many requests are under way, of this caller or in all."
            raise ApiError(503, "busy", message, "Send it again.", RETRY)
        return self._shares.place(sub)


class _Answer:
    """Sends an answer with the headers that all have; `status` is there once it began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message).update(_HEADERS)
        await self._send(message)


class _Body:
    """Receives a body, up to so many bytes, whether or not it says before how many it has.

    `is_awaited` says that the next part of it is waited for.
    """

    def __init__(self, receive: Receive, largest: int) -> None:
        self._receive = receive
        self._largest = largest
        self._received = 0
        self.is_awaited = False

    def announced(self, length: str | None) -> None:
        """Refuse a body by what it says of itself."""
        if length is not None and length.isdecimal():
            self._check(int(length) if len(length) < 20 else self._largest + 1)

    async def __call__(self) -> Message:
        self.is_awaited = True
        message = await self._receive()
        self.is_awaited = False
        self._received += len(message.get("body", b""))
        self._check(self._received)
        return message

    def _check(self, size: int) -> None:
        if size > self._largest:
            message = f"The body has more than the {self._largest} bytes that ICHOR_MAX_EVENT_BYTES allows."
            raise ApiError(413, "too_large", message, "Send less data.")


def _require_one_length(headers: Headers) -> None:
    """Refuse what a proxy may read as other requests than we do (RFC 9112, 6.1)."""
    if "content-length" in headers and "transfer-encoding" in headers:
        message, mend = "The length of the body is told twice.", "Send Content-Length or Transfer-Encoding."
        raise ApiError(400, "ambiguous_length", message, mend, {"connection": "close"})


def _sub(scope: Scope) -> str | None:
    caller: Caller | None = scope.get("state", {}).get("caller")
    return caller.sub if caller else None
