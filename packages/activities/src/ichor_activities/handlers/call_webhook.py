"""`call_webhook`: sends an HTTP request and leaves by a port that says how it was answered.

An answer, whatever its status, and a timeout are results: the graph decides, nothing is sent again. Where no connection
came about, nothing was sent: the action fails and is tried again.
"""

from typing import Annotated, Literal

from ichor_models import CURRENT_TRACE, SUCCESS, TRACEPARENT
from pydantic import BeforeValidator, Field

from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.handler import action

TIMEOUT = "timeout"
_EXPECTED = (200, 201, 202, 204)
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


def _method(value: object) -> object:
    return (value.strip().upper() or "POST") if isinstance(value, str) else value


class CallWebhookConfig(Config):
    """The request; `timeout_seconds` bounds it with all its redirects, 0 means 30."""

    url: str = Field(min_length=1, description="https, or what `ICHOR_WEBHOOK_ALLOW` opens besides")
    method: Annotated[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], BeforeValidator(_method)] = Field(
        default="POST", description="the HTTP method, in any case; empty means POST"
    )
    headers: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="headers by name; an Idempotency-Key, and for a body the Content-Type of JSON, is added to others",
    )
    body: str = Field(default="", description="sent as it is, in UTF-8; empty sends none")
    timeout_seconds: int = Field(
        default=30, ge=0, le=120, description="seconds for all of it, redirects included; 0 means 30"
    )
    expected_status_codes: tuple[int, ...] = Field(
        default=_EXPECTED, description="the statuses that leave by `success`; an empty list means the default"
    )


class CallWebhookResult(Result):
    """The answer; `status_code` is 0 where none came, `body` at most 10 KiB."""

    status_code: int = 0
    body: str = ""
    content_type: str = ""


@action("call_webhook", ports=(SUCCESS, "client_error", "server_error", "unexpected_response", TIMEOUT))
async def call_webhook(config: CallWebhookConfig, run: ActionContext) -> CallWebhookResult:
    """Send an HTTP request to an address that configuration permits, following redirects to such addresses only."""
    from ichor_activities.http_exchange import Exchange
    from ichor_activities.http_message import Request

    expected = config.expected_status_codes or _EXPECTED
    exchange = Exchange(run.services.web, stop_at=frozenset(expected))
    body, timeout = config.body.encode(), config.timeout_seconds or 30
    try:
        answer = await exchange.send(Request(config.method, config.url, _headers(config, run), body, timeout))
    except TimeoutError:
        return CallWebhookResult(output=TIMEOUT)
    return CallWebhookResult(
        output=_port(answer.status, expected),
        status_code=answer.status,
        body=answer.text,
        content_type=answer.content_type,
    )


def _headers(config: CallWebhookConfig, run: ActionContext) -> dict[str, str]:
    headers = {name: value for name, value in config.headers.items() if name.strip().lower() not in _OWN_HEADERS}
    present = {name.strip().lower() for name in headers}
    if "idempotency-key" not in present:
        headers["Idempotency-Key"] = run.idempotency_key
    if config.body and "content-type" not in present:
        headers["Content-Type"] = "application/json"
    if (traced := CURRENT_TRACE.get()) is not None and TRACEPARENT not in present:
        headers[TRACEPARENT] = str(traced)
    return headers


def _port(status: int, expected: tuple[int, ...]) -> str:
    if status in expected:
        return SUCCESS
    if status >= 500:
        return "server_error"
    return "client_error" if status >= 400 else "unexpected_response"
