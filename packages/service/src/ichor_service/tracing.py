"""Traces, where a collector is configured: docs/telemetry.md. Otherwise OpenTelemetry is not even imported."""

import asyncio
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING, Literal

import structlog
from ichor_models import Traceparent

from ichor_service.environment import environment
from ichor_service.errors import InvalidSetting

if TYPE_CHECKING:
    from ichor_service.tracer import Tracer

type Kind = Literal["internal", "server", "producer", "consumer"]
type Facts = Mapping[str, str | int | float | bool | None]
"""Attributes of a span; those that are None are left out."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"
_FLUSH_SECONDS = 2.0
_QUEUE = "16384"
"""Spans, some 60 MB at most: at its end a run sends one for each of its actions at once."""
_log = structlog.stdlib.get_logger(__name__)
_tracer: "Tracer | None" = None


def start_tracing(program: str) -> None:
    """Trace from now on, if the environment or the `.env` file says where spans go.

    Raises:
        InvalidSetting: one of the OTEL_ variables cannot be used.
    """
    global _tracer
    variables = {name: value for name, value in environment().items() if name.startswith("OTEL_") and value}
    if variables.get("OTEL_SDK_DISABLED", "").lower() == "true" or not _endpoint(variables):
        return
    for name in _PROTOCOLS:
        if variables.get(name, _HTTP) != _HTTP:
            raise InvalidSetting(f"{name} is {variables[name]}; spans are sent as {_HTTP} only, usually to port 4318")
    os.environ.update({"OTEL_SERVICE_NAME": program, "OTEL_BSP_MAX_QUEUE_SIZE": _QUEUE, **variables})
    from ichor_service.tracer import Tracer

    try:
        _tracer = Tracer()
    except ValueError as error:
        raise InvalidSetting(f"The OTEL_ variables cannot be used: {error}") from None
    _log.info("tracing")


def _endpoint(variables: Mapping[str, str]) -> str | None:
    for name in _ENDPOINTS:
        if (url := variables.get(name)) is not None:
            if not url.startswith(("http://", "https://")):
                raise InvalidSetting(f"{name} must be a URL that begins with http:// or https://")
            return url
    return None


async def stop_tracing() -> None:
    """Send what was not sent yet, if the collector takes it soon, and trace no more."""
    global _tracer
    tracer, _tracer = _tracer, None
    if tracer is None:
        return
    # The exporter may try for longer than anybody waits who stops a program, and a thread cannot be cancelled.
    flushing = Thread(target=tracer.flush, daemon=True)
    flushing.start()
    await asyncio.to_thread(flushing.join, _FLUSH_SECONDS)
    if flushing.is_alive():
        _log.warning("the last spans were not sent")


def is_tracing() -> bool:
    """Say whether spans are recorded."""
    return _tracer is not None


@contextmanager
def span(name: str, facts: Facts, *, kind: Kind = "internal", parent: Traceparent | None = None) -> Generator[None]:
    """Record the block as a span below `parent`, without one below the span around it; errors leave it as failed."""
    if _tracer is None:
        yield
        return
    with _tracer.span(name, facts, kind, parent):
        yield


def tell_span(facts: Facts) -> None:
    """Add to what is said of the span at hand."""
    if _tracer is not None:
        _tracer.tell(facts)


def record_span(
    name: str, facts: Facts, own: Traceparent, parent: str | None, times: tuple[datetime, datetime], error: str | None
) -> None:
    """Record a span that is over, as `own` below the span `parent` of its trace; recorded again it is the same one."""
    if _tracer is not None:
        _tracer.record(name, facts, own, parent, times, error)
