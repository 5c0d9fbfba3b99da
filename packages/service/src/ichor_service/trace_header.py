"""Takes the trace along through Temporal: from who starts a run to the run, and from the run to its activities.

The workflow itself records nothing, so a replay has nothing to repeat: it only hands on what it was given. The header
is the one of Temporal's own interceptors. A run that nobody traced when it began, as that of a schedule, begins a
trace by its id.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NoReturn

from ichor_models import CURRENT_TRACE, TRACEPARENT, Traceparent
from temporalio import client, worker, workflow
from temporalio.api.common.v1 import Payload

HEADER = "_tracer-data"
_JSON = {"encoding": b"json/plain"}

type Headers = Mapping[str, Payload]


class TraceHeader(client.Interceptor, worker.Interceptor):
    """An interceptor of a client and of the workers that have it."""

    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:
        """Give the trace to runs that are started."""
        return _Starts(next)

    def workflow_interceptor_class(self, input: worker.WorkflowInterceptorClassInput) -> type["_Run"]:
        """Let runs hand it on."""
        return _Run


def trace_of(headers: Headers) -> Traceparent | None:
    """Return the trace that headers tell of."""
    payload = headers.get(HEADER)
    try:
        carried = json.loads(payload.data) if payload else None
    except ValueError:
        return None
    match carried:
        case {"traceparent": str(text)}:
            return Traceparent.read(text)
        case _:
            return None


async def trace_of_workflow(started_by: client.Client, workflow_id: str) -> Traceparent:
    """Return the trace that the latest run of a workflow hands on to its activities.

    Raises:
        RPCError: Temporal could not be asked, or does not know it.
    """
    handle = started_by.get_workflow_handle(workflow_id)
    first = await anext(handle.fetch_history_events(page_size=1))
    began = first.workflow_execution_started_event_attributes
    return trace_of(began.header.fields) or new_trace(began.first_execution_run_id)


def with_trace(headers: Headers, traced: Traceparent | None) -> Headers:
    """Return headers that tell of a trace, too, where there is one."""
    if traced is None:
        return headers
    return {**headers, HEADER: Payload(metadata=_JSON, data=json.dumps({TRACEPARENT: str(traced)}).encode())}


class _Starts(client.OutboundInterceptor):
    async def start_workflow(self, input: client.StartWorkflowInput) -> client.WorkflowHandle[Any, Any]:
        input.headers = with_trace(input.headers, CURRENT_TRACE.get())
        return await super().start_workflow(input)


class _Run(worker.WorkflowInboundInterceptor):
    def init(self, outbound: worker.WorkflowOutboundInterceptor) -> None:
        super().init(_HandsOn(outbound))


class _HandsOn(worker.WorkflowOutboundInterceptor):
    def start_activity(self, input: worker.StartActivityInput) -> workflow.ActivityHandle[Any]:
        input.headers = with_trace(input.headers, self._traced)
        return super().start_activity(input)

    def continue_as_new(self, input: worker.ContinueAsNewInput) -> NoReturn:
        input.headers = with_trace(input.headers, self._traced)
        super().continue_as_new(input)

    @cached_property
    def _traced(self) -> Traceparent:
        info = workflow.info()
        return trace_of(info.headers) or new_trace(info.first_execution_run_id)


def new_trace(run_id: str) -> Traceparent:
    """Return a trace that a run begins, by its id in Temporal; no span is above that run (`Traceparent.is_new`)."""
    trace_id = run_id.replace("-", "")
    return Traceparent(trace_id, trace_id[16:])
