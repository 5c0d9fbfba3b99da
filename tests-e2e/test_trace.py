"""A run is one trace: from the event through trigger, workflow, actions, a question and its reply, over any restart."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from ichor_edgestore import emit_event
from ichor_models import TRACEPARENT, Traceparent
from ichor_service import HttpServer
from ichor_testing import until
from ichor_testing.engine_program import start_program
from ichor_testing.ports import LOOPBACK, free_port
from ichor_testing.question_bench import QuestionBench
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

APPLICATION = Traceparent("a" * 32, "b" * 16)
OTHER_SYSTEM = APPLICATION._replace(span_id="c" * 16)
STRANGER = "somebody else"
BELOW = {
    "process ichor.events.trigger": STRANGER,
    "start run": "process ichor.events.trigger",
    "run Ask": "start run",
    "action ask": "run Ask",
    "attempt ask": "action ask",
    "publish ichor.requests": "attempt ask",
    "deliver reply": "attempt ask",
    "action log": "run Ask",
    "attempt log": "action log",
}
"""The name of each span, and of the one above it."""


class Collector:
    """Takes what is sent by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.programs: set[str] = set()

    async def take(self, request: Request) -> Response:
        told = ExportTraceServiceRequest.FromString(await request.body())
        for of_resource in told.resource_spans:
            facts = {item.key: item.value.string_value for item in of_resource.resource.attributes}
            self.programs.add(facts["service.name"])
            for scope in of_resource.scope_spans:
                self.spans.extend(scope.spans)
        return Response(b"", media_type="application/x-protobuf")

    async def has(self, *names: str) -> None:
        """Return once it has these spans of the application's trace."""

        async def are_there() -> bool:
            return set(names) <= {item.name for item in self.of(APPLICATION.trace_id)}

        await until(are_there, f"the spans {names}")

    def of(self, trace: str) -> list[Span]:
        return [item for item in self.spans if item.trace_id.hex() == trace]

    def tree(self, trace: str) -> dict[str, str]:
        names = {item.span_id: item.name for item in self.of(trace)}
        return {item.name: names.get(item.parent_span_id, STRANGER) for item in self.of(trace)}


@asynccontextmanager
async def collecting() -> AsyncGenerator[tuple[Collector, dict[str, str]]]:
    """Yield a collector, and the variables that send spans to it."""
    port, collector = free_port(), Collector()
    server = HttpServer(LOOPBACK, port, [Route("/v1/traces", collector.take, methods=["POST"])])
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        try:
            yield (
                collector,
                {
                    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{port}",
                    "OTEL_BSP_SCHEDULE_DELAY": "100",
                },
            )
        finally:
            server.close()


async def emit(bench: QuestionBench, event_id: str) -> None:
    """Let an application emit an event in a transaction that knows its trace."""
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('ichor.traceparent', $1, true)", str(APPLICATION))
        await emit_event(connection, "on_create", "orders", event_id, event_id=event_id)


async def answer(bench: QuestionBench, question: AbstractIncomingMessage, **headers: Any) -> None:
    message = aio_pika.Message(
        json.dumps({"result": {"available": 3}}).encode(), correlation_id=question.correlation_id, headers=headers
    )
    await bench.channel.default_exchange.publish(message, "ichor.replies", mandatory=True)


async def ended(bench: QuestionBench, event_id: str) -> str:
    run = await bench.pool.fetchval("SELECT id::text FROM workflow.automation_executions WHERE event_id = $1", event_id)
    assert (await bench.ended(run)).status == "completed"
    return run


async def test_a_run_is_one_trace_over_a_restart_of_its_worker(bench: QuestionBench):
    async with collecting() as (collector, variables):
        environment = bench.environment | variables
        async with start_program("ichor_trigger", environment, "--only", "events", "--only", "relay") as trigger:
            async with start_program("ichor_worker", environment) as worker:
                await asyncio.gather(worker.ready(), trigger.ready())
                await emit(bench, "e1")
                question = await bench.question()
                sent = Traceparent.read(question.headers[TRACEPARENT])
                assert await worker.stop() == 0
            async with start_program("ichor_worker", environment) as worker:
                await worker.ready()
                await answer(bench, question)
                run = await ended(bench, "e1")
                whose: dict[str, Any] = {"trace_id": APPLICATION.trace_id, "execution_id": run, "rule": "Ask"}
                await worker.said("action done", action="log", action_type="log_audit_entry", **whose)
                await trigger.said("run started", **whose)
                await collector.has(*BELOW)
                assert await worker.stop() == 0
            assert await trigger.stop() == 0
        trace = APPLICATION.trace_id
        assert collector.tree(trace) == BELOW
        assert collector.programs == {"ichor-trigger", "ichor-worker"}
        spans = {item.name: item for item in collector.of(trace)}
        assert spans["process ichor.events.trigger"].parent_span_id.hex() == APPLICATION.span_id
        assert sent == APPLICATION._replace(span_id=spans["publish ichor.requests"].span_id.hex())
        facts = {item.key: item.value for item in spans["action log"].attributes}
        told = {name: facts[f"ichor.{name}"].string_value for name in ("run", "rule", "action", "action_type", "state")}
        assert told == {
            "run": run,
            "rule": "Ask",
            "action": "log",
            "action_type": "log_audit_entry",
            "state": "completed",
        }


async def test_a_reply_goes_on_with_the_trace_of_who_sends_it(bench: QuestionBench):
    async with collecting() as (collector, variables):
        async with start_program("ichor_worker", bench.environment | variables) as worker:
            run = await bench.begin("e1")
            question = await bench.question()
            await answer(bench, question, **{TRACEPARENT: str(OTHER_SYSTEM)})
            await bench.ended(run)
            assert await worker.stop() == 0
        assert collector.tree(APPLICATION.trace_id) == {
            "process ichor.replies": STRANGER,
            "deliver reply": "process ichor.replies",
        }
        (own,) = {item.trace_id.hex() for item in collector.spans} - {APPLICATION.trace_id}
        # Nobody traced the start of this run, so it begins a trace.
        (root,) = (item for item in collector.of(own) if item.name == "run Ask")
        assert root.parent_span_id == b""
        assert collector.tree(own)["action ask"] == "run Ask"


async def test_a_run_that_was_terminated_is_in_its_trace(bench: QuestionBench):
    async with collecting() as (collector, variables):
        environment = bench.environment | variables
        async with start_program("ichor_trigger", environment, "--only", "events", "--only", "relay") as trigger:
            async with start_program("ichor_worker", environment) as worker:
                await asyncio.gather(worker.ready(), trigger.ready())
                await emit(bench, "e1")
                await bench.question()
                assert await worker.stop() == 0
            assert await trigger.stop() == 0
        workflow_id = await bench.pool.fetchval("SELECT workflow_id FROM workflow.automation_executions")
        await bench.temporal.get_workflow_handle(workflow_id).terminate("stuck")
        await bench.pool.execute("UPDATE workflow.automation_executions SET executed_at = now() - interval '2 minutes'")
        async with start_program("ichor_trigger", environment, "--only", "reaper") as reaper:
            assert (await bench.ended(workflow_id)).error_type == "terminated"
            await collector.has("run Ask", "action ask")
            assert await reaper.stop() == 0
        assert collector.tree(APPLICATION.trace_id) == {
            name: above for name, above in BELOW.items() if "log" not in name and "reply" not in name
        }


async def test_without_a_collector_nothing_is_traced(bench: QuestionBench):
    async with start_program("ichor_worker", bench.environment) as worker:
        run = await bench.begin("e1")
        question = await bench.question()
        await answer(bench, question, **{TRACEPARENT: str(OTHER_SYSTEM)})
        await bench.ended(run)
        assert TRACEPARENT not in question.headers
        assert not [line for line in worker.logs if "trace_id" in line]
    history = await bench.temporal.get_workflow_handle((await bench.store.get_run(run)).workflow_id).fetch_history()
    assert b"traceparent" not in b"".join(item.SerializeToString() for item in history.events)
