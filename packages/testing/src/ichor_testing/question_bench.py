"""A rule that asks over RabbitMQ, and the other side of its questions, on real servers."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import asyncpg
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from ichor_activities import discover
from ichor_edgestore import EdgeStore, RunView, connected, migrate
from ichor_executor.temporal import start_run
from ichor_models import EntityEvent, Rule, RuleId
from temporalio.client import Client

from ichor_testing.database import Database
from ichor_testing.deadline import until
from ichor_testing.vhost import Vhost

KEYS = "the newest key of all,the key before that one"

OPTIONS = {"backoff": "100ms", "timeout": "2s", "max_attempts": 20}


def asking_rule(**config: Any) -> dict[str, Any]:
    """Return a rule that asks for stock and logs the answer."""
    asked = {"routing_key": "stock.check", "message": {"order": "{{ entity_id }}"}, "timeout": "1h", **config}
    return {
        "name": "Ask",
        "trigger": {"entity": "orders", "event": "on_create"},
        "actions": [
            {"name": "ask", "type": "request_reply", "config": asked, "options": {**OPTIONS}},
            {"name": "log", "type": "log_audit_entry", "config": {"message": "{{ ask.available }} there"}},
        ],
        "edges": [
            {"source": None, "target": "ask", "type": "start"},
            {"source": "ask", "target": "log", "type": "sequence"},
        ],
    }


@dataclass
class QuestionBench:
    """Servers, a rule, and the other side of the questions."""

    pool: asyncpg.Pool
    store: EdgeStore
    temporal: Client
    task_queue: str
    channel: AbstractChannel
    questions: AbstractQueue | None
    environment: dict[str, str]
    rule_id: RuleId
    _seen: set[str | None] = field(default_factory=set[str | None])

    async def begin(self, event_id: str) -> str:
        """Start a run and return its id."""
        event = {"event_id": event_id, "event_type": "on_create", "entity_name": "orders", "entity_id": event_id}
        pinned = await self.store.pin_run(self.rule_id, EntityEvent.model_validate(event))
        await start_run(self.temporal, pinned.request, workflow_id=pinned.workflow_id, task_queue=self.task_queue)
        return pinned.execution_id

    async def save(self, **config: Any) -> None:
        """Change what the rule asks."""
        await self.store.save_rule(Rule.model_validate(asking_rule(**config)), catalogue=discover().catalogue)

    async def listen(self) -> None:
        """Let a queue listen to the questions."""
        exchange = await self.channel.declare_exchange("ichor.requests", "topic", durable=True)
        self.questions = await self.channel.declare_queue("stock", durable=True)
        await self.questions.bind(exchange, "stock.#")

    async def question(self) -> AbstractIncomingMessage:
        """Return the next question, past those that were sent once more."""
        assert self.questions is not None
        while (message := await next_message(self.questions)).message_id in self._seen:
            pass
        self._seen.add(message.message_id)
        return message

    async def reply(self, token: str | None, body: object, *, queue: str = "ichor.replies") -> None:
        """Send a reply, as JSON unless it is bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        message = aio_pika.Message(data, correlation_id=token, delivery_mode=2)
        await self.channel.default_exchange.publish(message, queue, mandatory=True)

    async def dead(self) -> dict[str, Any]:
        """Return the next dead letter's headers, with its body."""
        message = await next_message(await self.channel.get_queue("ichor.replies.dead"))
        return {**message.headers, "body": message.body}

    async def waiting(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        return (await self.channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0

    async def count(self, table: str, condition: str = "true") -> int:
        """Return how many rows of a table of the schema meet a condition."""
        return await self.pool.fetchval(f"SELECT count(*) FROM workflow.{table} WHERE {condition}")

    async def ended(self, run: str) -> RunView:
        """Return a run once it has ended."""

        async def has_ended() -> bool:
            return (await self.store.get_run(run)).status.ended

        await until(has_ended, "the end of the run")
        return await self.store.get_run(run)


async def next_message(queue: AbstractQueue) -> AbstractIncomingMessage:
    """Take the next message from a queue."""
    found: list[AbstractIncomingMessage] = []

    async def is_there() -> bool:
        message = await queue.get(fail=False, no_ack=True, timeout=60)
        found.extend([message] if message else [])
        return bool(found)

    await until(is_there, f"a message in {queue.name}")
    return found[0]


@asynccontextmanager
async def open_question_bench(
    database: Database, vhost: Vhost, temporal: Client, url: str, queue: str
) -> AsyncGenerator[QuestionBench]:
    """Migrate a database, save the rule there, and yield the bench; nobody listens to the questions yet."""
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
        saved = await store.save_rule(Rule.model_validate(asking_rule()), catalogue=discover().catalogue)
        channel = await connection.channel(on_return_raises=True)
        yield QuestionBench(pool, store, temporal, queue, channel, None, environment, saved.rule_id)
