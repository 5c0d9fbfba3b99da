"""What is measured: every metric that an alert or a dashboard asks for is there once something happened."""

import asyncio
import re
from pathlib import Path

import yaml
from aio_pika import Message
from ichor_edgestore import emit_event
from ichor_testing import until
from ichor_testing.engine_program import EngineProgram, start_program
from ichor_testing.question_bench import QuestionBench

INFRA = Path(__file__).parent.parent / "infra"
_NAME = re.compile(r"\b(?:ichor|temporal|process)_\w+")
NOT_ALWAYS = {"temporal_request_failure_total"}
"""Those that are there only where something went wrong at a server."""


def asked_for() -> set[str]:
    alerts = yaml.safe_load((INFRA / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]
    queries = [rule["expr"] for rule in alerts]
    queries += [path.read_text() for path in (INFRA / "grafana").glob("*.json")]
    return {name for query in queries for name in _NAME.findall(query)}


async def one_of_each(bench: QuestionBench) -> None:
    """Let a run ask and end, an event and a reply die, and an event wait in the outbox."""
    async with bench.pool.acquire() as connection:
        await emit_event(connection, "on_create", "orders", "e1", event_id="e1")
    question = await bench.question()
    await bench.reply(question.correlation_id, {"result": {"available": 3}})
    await bench.reply("no token", {"result": {}})
    await bench.channel.default_exchange.publish(Message(b"{"), "ichor.events.trigger")


async def says(program: EngineProgram, name: str, value: float) -> None:
    async def does() -> bool:
        return (await program.metrics()).get(name) == value

    await until(does, f"{name} {value}")


async def test_each_metric_is_there_after_a_run_and_dead_letters(bench: QuestionBench):
    async with (
        start_program("ichor_trigger", bench.environment) as trigger,
        start_program("ichor_worker", bench.environment) as worker,
    ):
        await asyncio.gather(trigger.ready(), worker.ready())
        await one_of_each(bench)
        await says(worker, 'ichor_action_seconds_count{outcome="asked",type="request_reply"}', 1)
        await says(worker, 'ichor_runs_total{rule="Ask",status="completed"}', 1)
        await says(worker, 'ichor_queue_messages{queue="ichor.replies.dead"}', 1)
        await says(trigger, 'ichor_queue_messages{queue="ichor.events.dead"}', 1)
        await says(trigger, 'ichor_dead_letters_total{queue="ichor.events.trigger",reason="not_json"}', 1)
        at_worker, at_trigger = await worker.metrics(), await trigger.metrics()
        served = {name.partition("{")[0] for name in (*at_worker, *at_trigger)}
        assert asked_for() - NOT_ALWAYS - served == set()
        assert at_trigger["ichor_matching_seconds_count"] == 1
        assert at_worker['ichor_payload_bytes_count{form="plain"}'] > 5
        assert await trigger.stop() == 0
        assert await worker.stop() == 0
