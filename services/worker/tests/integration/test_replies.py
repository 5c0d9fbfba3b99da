"""Questions and replies over RabbitMQ: every way in which a reply may come, on real servers."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from ichor_activities import TokenKeys, discover
from ichor_edgestore import EdgeStore, RunView, connected, migrate
from ichor_executor.temporal import start_run
from ichor_models import EntityEvent, Reply, Rule, RuleId
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import start_program
from temporalio.client import Client

KEYS = "the newest key of all,the key before that one"
YES = {"result": {"available": 3}}
NO = {"error": {"message": "no stock"}}
BUSY = {"error": {"message": "busy", "retryable": True}}


def rule(**config: Any) -> dict[str, Any]:
    """Return a rule that asks for stock and logs the answer."""
    asked = {"routing_key": "stock.check", "message": {"order": "{{ entity_id }}"}, "timeout": "1h", **config}
    return {
        "name": "Ask",
        "trigger": {"entity": "orders", "event": "on_create"},
        "actions": [
            {"name": "ask", "type": "request_reply", "config": asked, "options": {"backoff": "100ms"}},
            {"name": "log", "type": "log_audit_entry", "config": {"message": "{{ ask.available }} there"}},
        ],
        "edges": [
            {"source": None, "target": "ask", "type": "start"},
            {"source": "ask", "target": "log", "type": "sequence"},
        ],
    }


@dataclass
class Bench:
    """Servers, a rule, and the other side of the questions."""

    store: EdgeStore
    temporal: Client
    task_queue: str
    channel: AbstractChannel
    questions: AbstractQueue | None
    environment: dict[str, str]
    rule_id: RuleId

    async def begin(self, event_id: str) -> str:
        """Start a run and return its id."""
        event = {"event_id": event_id, "event_type": "on_create", "entity_name": "orders", "entity_id": event_id}
        pinned = await self.store.pin_run(self.rule_id, EntityEvent.model_validate(event))
        await start_run(self.temporal, pinned.request, workflow_id=pinned.workflow_id, task_queue=self.task_queue)
        return pinned.execution_id

    async def save(self, **config: Any) -> None:
        await self.store.save_rule(Rule.model_validate(rule(**config)), catalogue=discover().catalogue)

    async def question(self) -> AbstractIncomingMessage:
        """Return the next question."""
        assert self.questions is not None
        return await next_message(self.questions)

    async def reply(self, token: str | None, body: object) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        message = aio_pika.Message(data, correlation_id=token, delivery_mode=2)
        await self.channel.default_exchange.publish(message, "ichor.replies", mandatory=True)

    async def dead(self) -> dict[str, Any]:
        """Return the next dead letter's headers, with its body."""
        message = await next_message(await self.channel.get_queue("ichor.replies.dead"))
        return {**message.headers, "body": message.body}

    async def ended(self, run: str) -> RunView:
        async def has_ended() -> bool:
            return (await self.store.get_run(run)).status.ended

        await until(has_ended, "the end of the run", seconds=60)
        return await self.store.get_run(run)


async def next_message(queue: AbstractQueue) -> AbstractIncomingMessage:
    found: list[AbstractIncomingMessage] = []

    async def is_there() -> bool:
        message = await queue.get(fail=False, no_ack=True)
        found.extend([message] if message else [])
        return bool(found)

    await until(is_there, f"a message in {queue.name}", seconds=30)
    return found[0]


@asynccontextmanager
async def opened(database: Database, vhost: Vhost, temporal: Client, url: str, queue: str) -> AsyncGenerator[Bench]:
    environment = {
        "ICHOR_DATABASE_URL": database.url,
        "ICHOR_RABBITMQ_URL": vhost.url,
        "ICHOR_TEMPORAL_ADDRESS": url,
        "ICHOR_TASK_QUEUE": queue,
        "ICHOR_TOKEN_KEYS": KEYS,
        "ICHOR_MAX_REPLY_BYTES": "10000",
    }
    async with connected(database.url) as pool, await aio_pika.connect(vhost.url) as connection:
        await migrate(pool)
        store = EdgeStore(pool)
        saved = await store.save_rule(Rule.model_validate(rule()), catalogue=discover().catalogue)
        channel = await connection.channel(on_return_raises=True)
        yield Bench(store, temporal, queue, channel, None, environment, saved.rule_id)


@pytest.fixture
async def silent(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
) -> AsyncGenerator[Bench]:
    """Nobody listens to questions."""
    async with opened(
        postgres_database, rabbitmq_vhost, temporal_client, shared_temporal.url, temporal_task_queue
    ) as bench:
        yield bench


@pytest.fixture
async def bench(silent: Bench) -> Bench:
    """A queue listens to questions."""
    exchange = await silent.channel.declare_exchange("ichor.requests", "topic", durable=True)
    silent.questions = await silent.channel.declare_queue("stock", durable=True)
    await silent.questions.bind(exchange, "stock.#")
    return silent


async def test_a_reply_ends_the_action(bench: Bench):
    async with start_program("ichor_worker", bench.environment) as worker:
        run = await bench.begin("e1")
        question = await bench.question()
        assert json.loads(question.body) == {"order": "e1"}
        assert (question.reply_to, question.routing_key) == ("ichor.replies", "stock.check")
        assert len(question.correlation_id or "") < 200
        await bench.reply(question.correlation_id, YES)
        view = await bench.ended(run)
        assert view.status == "completed"
        states = {action.name: (action.state, action.result) for action in view.actions}
        assert states["ask"] == ("completed", {"available": 3, "output": "success"})
        await bench.reply(question.correlation_id, YES)
        await worker.said("a reply came again")
        await bench.reply(question.correlation_id, NO)
        dead = await bench.dead()
        assert (dead["x-ichor-reason"], json.loads(dead["body"])) == ("already_answered", NO)
        assert await worker.stop() == 0


async def test_what_cannot_be_used_is_dead_with_its_reason(bench: Bench):
    async with start_program("ichor_worker", bench.environment):
        run = await bench.begin("e1")
        other = await bench.begin("e2")
        question, second = await bench.question(), await bench.question()
        token = question.correlation_id or ""
        key, id_, signature = token.split(".")
        crossed = ".".join((key, (second.correlation_id or "").split(".")[1], signature))
        foreign = TokenKeys.parse("a key of somebody else").sign(uuid4())
        unknown = TokenKeys.parse(KEYS).sign(uuid4())
        cases: list[tuple[str | None, object, str]] = [
            (None, YES, "no_token"),
            ("", YES, "no_token"),
            ("x.y", YES, "invalid_token"),
            (token[:-1] + ("A" if token[-1] != "A" else "B"), YES, "invalid_token"),
            (f"{key}.{id_}.", YES, "invalid_token"),
            (token + "=", YES, "invalid_token"),
            (crossed, YES, "invalid_token"),
            (foreign, YES, "invalid_token"),
            (unknown, YES, "unknown_question"),
            (token, b"\xff{", "not_json"),
            (token, [1], "invalid_reply"),
            (token, {"result": {}, "error": {"message": "x"}}, "invalid_reply"),
            (token, {"result": "text"}, "invalid_reply"),
            (token, {"result": {"ichor.asked": {}}}, "invalid_reply"),
            (token, {"result": {"x": "y" * 10_000}}, "too_large"),
        ]
        for bad, body, reason in cases:
            await bench.reply(bad, body)
            dead = await bench.dead()
            assert (bad, dead["x-ichor-reason"]) == (bad, reason)
            assert dead["x-ichor-detail"]
        await bench.reply(token, YES)
        await bench.reply(second.correlation_id, NO)
        ends = {(await bench.ended(item)).status for item in (run, other)}
        assert ends == {"completed", "failed"}


async def test_errors_fail_or_ask_again(bench: Bench):
    async with start_program("ichor_worker", bench.environment):
        run = await bench.begin("e1")
        first = await bench.question()
        await bench.reply(first.correlation_id, BUSY)
        second = await bench.question()
        assert second.correlation_id != first.correlation_id
        await bench.reply(first.correlation_id, YES)
        assert (await bench.dead())["x-ichor-reason"] == "already_answered"
        await bench.reply(second.correlation_id, NO)
        view = await bench.ended(run)
        assert view.status == "failed"
        error = next(action.error for action in view.actions if action.name == "ask")
        assert error == {"message": "no stock", "type": "reply", "retryable": False}


async def test_after_its_time_a_reply_is_late(bench: Bench):
    await bench.save(timeout="1s")
    async with start_program("ichor_worker", bench.environment):
        run = await bench.begin("e1")
        question = await bench.question()
        view = await bench.ended(run)
        assert (view.status, "No reply came in time" in (view.error or "")) == ("failed", True)
        await bench.reply(question.correlation_id, YES)
        assert (await bench.dead())["x-ichor-reason"] == "too_late"


async def test_where_nobody_listens_the_action_fails(silent: Bench):
    async with start_program("ichor_worker", silent.environment):
        view = await silent.ended(await silent.begin("e1"))
        error = next(action.error for action in view.actions if action.name == "ask") or {}
        assert (view.status, error["type"]) == ("failed", "no_listener")


async def test_a_reply_waits_for_a_worker_that_is_not_there(bench: Bench):
    async with start_program("ichor_worker", bench.environment) as worker:
        run = await bench.begin("e1")
        question = await bench.question()
        await worker.kill()
    await bench.reply(question.correlation_id, YES)
    rotated = bench.environment | {"ICHOR_TOKEN_KEYS": f"a newer key than that, {KEYS}"}
    async with start_program("ichor_worker", rotated):
        assert (await bench.ended(run)).status == "completed"


async def test_parts_run_apart(bench: Bench):
    async with (
        start_program("ichor_worker", bench.environment, "--only", "workflows"),
        start_program("ichor_worker", bench.environment, "--only", "actions"),
        start_program("ichor_worker", bench.environment, "--only", "replies"),
    ):
        run = await bench.begin("e1")
        await bench.reply((await bench.question()).correlation_id, YES)
        assert (await bench.ended(run)).status == "completed"


async def test_a_cancelled_run_takes_no_reply(bench: Bench):
    async with start_program("ichor_worker", bench.environment):
        run = await bench.begin("e1")
        question = await bench.question()
        await bench.temporal.get_workflow_handle((await bench.store.get_run(run)).workflow_id).cancel()
        assert (await bench.ended(run)).status == "cancelled"
        await bench.reply(question.correlation_id, YES)
        assert (await bench.dead())["x-ichor-reason"] == "run_ended"


async def test_what_temporal_refuses_fails_the_action(bench: Bench):
    generous = bench.environment | {"ICHOR_MAX_REPLY_BYTES": "8MiB"}
    async with start_program("ichor_worker", generous) as worker:
        taken = [await bench.begin(f"e{number}") for number in range(2)]
        # Above what Temporal takes as one value, and above what it takes as one request.
        for megabytes in (3, 6):
            question = await bench.question()
            await bench.reply(question.correlation_id, {"result": {"text": "x" * megabytes * 1_000_000}})
            dead = await bench.dead()
            assert (dead["x-ichor-reason"], len(dead["body"]) > megabytes * 1_000_000) == ("refused", True)
            assert "Temporal refuses" in dead["x-ichor-detail"]
            await bench.reply(question.correlation_id, YES)
            assert (await bench.dead())["x-ichor-reason"] == "already_answered"
        await is_refused(bench, *taken)
        # A reply that was claimed by a worker that died, or is given elsewhere, is found by the sweep.
        swept = await bench.begin("e2")
        id = UUID((await bench.question()).message_id or "")
        await bench.store.claim_question(id, Reply(result={"text": "x" * 3_000_000}))
        await is_refused(bench, swept)
        assert await bench.store.undelivered_replies(timedelta(0)) == []
        await worker.said("a reply is of no use", code="refused")


async def is_refused(bench: Bench, *runs: str) -> None:
    for run in runs:
        view = await bench.ended(run)
        ask = next(action for action in view.actions if action.name == "ask")
        assert (view.status, ask.state, (ask.error or {})["type"]) == ("failed", "failed", "refused")
