"""Spans by OpenTelemetry, sent in batches by a thread of its own to a collector that speaks OTLP over HTTP."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from ichor_models import CURRENT_TRACE, Traceparent
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

from ichor_service.reason import reason
from ichor_service.tracing import Facts, Kind

_given: ContextVar[Traceparent | None] = ContextVar("given", default=None)
_LONGEST_ERROR = 500


class _Ids(RandomIdGenerator):
    """Random ids, but for spans that are told theirs."""

    def generate_span_id(self) -> int:
        given = _given.get()
        return int(given.span_id, 16) if given else super().generate_span_id()

    def generate_trace_id(self) -> int:
        given = _given.get()
        return int(given.trace_id, 16) if given else super().generate_trace_id()


class Tracer:
    """The one tracer of a program; what it sends, and where to, the OTEL_ variables say."""

    def __init__(self) -> None:
        self._provider = TracerProvider(resource=Resource.create(), id_generator=_Ids(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        # Handlers that trace what they do find it here.
        trace.set_tracer_provider(self._provider)
        self._tracer = self._provider.get_tracer("ichor")

    @contextmanager
    def span(self, name: str, facts: Facts, kind: Kind, parent: Traceparent | None) -> Generator[None]:
        """Record the block."""
        with self._tracer.start_as_current_span(
            name,
            context=_below(parent or CURRENT_TRACE.get()),
            kind=SpanKind[kind.upper()],
            attributes=_known(facts),
            # Its traceback may show what the handler's error said before secrets were taken out.
            record_exception=False,
            set_status_on_exception=False,
        ) as began:
            own = began.get_span_context()
            token = CURRENT_TRACE.set(
                Traceparent(f"{own.trace_id:032x}", f"{own.span_id:016x}", f"{own.trace_flags:02x}")
            )
            try:
                yield
            except Exception as error:
                began.set_status(StatusCode.ERROR, reason(error)[:_LONGEST_ERROR])
                raise
            finally:
                CURRENT_TRACE.reset(token)

    def tell(self, facts: Facts) -> None:
        """Add attributes to the span at hand."""
        trace.get_current_span().set_attributes(_known(facts))

    def record(
        self,
        name: str,
        facts: Facts,
        own: Traceparent,
        parent: str | None,
        times: tuple[datetime, datetime],
        error: str | None,
    ) -> None:
        """Record a span that is over."""
        began, ended = (round(moment.timestamp() * 1e9) for moment in times)
        context = _below(own._replace(span_id=parent) if parent else None)
        token = _given.set(own)
        try:
            made = self._tracer.start_span(name, context=context, attributes=_known(facts), start_time=began)
        finally:
            _given.reset(token)
        if error is not None:
            made.set_status(StatusCode.ERROR, error[:_LONGEST_ERROR])
        made.end(end_time=max(began, ended))

    def flush(self) -> None:
        """Send what was not sent yet."""
        self._provider.force_flush()


def _below(parent: Traceparent | None) -> Context:
    if parent is None:
        return Context()
    remote = SpanContext(
        int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=TraceFlags(int(parent.flags, 16))
    )
    return trace.set_span_in_context(NonRecordingSpan(remote), Context())


def _known(facts: Facts) -> dict[str, str | int | float | bool]:
    return {name: value for name, value in facts.items() if value is not None}
