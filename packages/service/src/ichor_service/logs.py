"""Logs: one JSON object per line on standard error, or lines for people where that is a terminal."""

import logging
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from ichor_models import CURRENT_TRACE
from structlog.typing import EventDict, Processor

_FIRST = ("timestamp", "level", "message")
_LEAST = {
    "aio_pika": logging.CRITICAL,
    "aiormq": logging.CRITICAL,
    "asyncio": logging.ERROR,
    "asyncpg": logging.ERROR,
    "httpx": logging.WARNING,
    "opentelemetry": logging.ERROR,
    "opentelemetry.sdk._shared_internal": logging.WARNING,
    "opentelemetry.sdk.trace.sampling": logging.WARNING,
    "uvicorn": logging.WARNING,
}
_TEMPORAL_IDS = {
    "temporal_workflow": {"workflow_id": "workflow_id", "run_id": "temporal_run_id"},
    "temporal_activity": {"workflow_id": "workflow_id", "activity_id": "activity_id"},
}


def configure_logs(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send our logs and those of every library to `stream` in one shape."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(people=stream.isatty()))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    for name, least in _LEAST.items():
        logging.getLogger(name).setLevel(least)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _trace,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(*, people: bool) -> logging.Formatter:
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if people
        else [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            _in_order,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), _temporal_ids],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _trace(_: Any, __: str, event: EventDict) -> EventDict:
    """Say which trace and span a line belongs to, where there is one."""
    traced = CURRENT_TRACE.get()
    if traced is not None:
        event.update(trace_id=traced.trace_id, span_id=traced.span_id)
    return event


def _temporal_ids(_: Any, __: str, event: EventDict) -> EventDict:
    """Lift the ids that the Temporal SDK's loggers put on a record."""
    record = event.get("_record")
    for attribute, names in _TEMPORAL_IDS.items():
        found = getattr(record, attribute, None)
        if isinstance(found, Mapping):
            event.update({ours: found[theirs] for theirs, ours in names.items() if theirs in found})
    return event


def _in_order(_: Any, __: str, event: EventDict) -> EventDict:
    """Put what people look for first at the front of the line."""
    return {name: event.pop(name) for name in _FIRST if name in event} | dict(event)
