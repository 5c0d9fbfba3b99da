"""The worker that asks and takes replies is killed again and again: every run ends with its reply, each effect once."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import asyncpg
from aio_pika.abc import AbstractIncomingMessage
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_executor.temporal import start_run
from ichor_models import EntityEvent, Rule, RuleId
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import start_program
from temporalio.client import Client

RUNS = 40
RULE: dict[str, Any] = {
    "name": "Ask twice",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [
        {
            "name": name,
            "type": "request_reply",
            "config": {"routing_key": "price.ask", "message": {"order": "{{ entity_id }}", "of": name}},
            "options": {"timeout": "3s", "max_attempts": 20, "backoff": "100ms"},
        }
        for name in ("buy", "sell")
    ]
    + [
        {
            "name": "log",
            "type": "log_audit_entry",
            "config": {"message": "{{ entity_id }} {{ buy.price }} {{ sell.price }}"},
            "options": {"timeout": "3s", "max_attempts": 20, "backoff": "100ms"},
        }
    ],
    "edges": [
        {"source": None, "target": "buy", "type": "start"},
        {"source": None, "target": "sell", "type": "start"},
        {"source": "buy", "target": "log", "type": "sequence"},
        {"source": "sell", "target": "log", "type": "sequence"},
    ],
}
KEYS = "a key of this test and of no other"


@asynccontextmanager
async def answering(vhost: Vhost) -> AsyncGenerator[list[str]]:
    """Answer every question twice, as a service does that was interrupted; yield the ids of the questions."""
    asked: list[str] = []
    async with await aio_pika.connect(vhost.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("ichor.requests", aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("prices", durable=True)
        await queue.bind(exchange, "price.#")

        async def answer(message: AbstractIncomingMessage) -> None:
            asked.append(message.message_id or "")
            body = json.dumps({"result": {"price": len(json.loads(message.body)["of"])}}).encode()
            for _ in range(2):
                reply = aio_pika.Message(body, correlation_id=message.correlation_id, delivery_mode=2)
                await channel.default_exchange.publish(reply, message.reply_to or "")
            await message.ack()

        await queue.consume(answer)
        yield asked


async def begin(pool: asyncpg.Pool, client: Client, rule_id: RuleId, number: int, task_queue: str) -> None:
    event = {
        "event_id": f"e{number}",
        "event_type": "on_create",
        "entity_name": "orders",
        "entity_id": f"order {number:02}",
    }
    pinned = await EdgeStore(pool).pin_run(rule_id, EntityEvent.model_validate(event))
    await start_run(client, pinned.request, workflow_id=pinned.workflow_id, task_queue=task_queue)


async def completed(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM workflow.automation_executions WHERE status = 'completed'")


async def answered(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM workflow.questions WHERE state = 'answered'")


async def killed_after(environment: dict[str, str], pool: asyncpg.Pool, count: int) -> None:
    """Run a worker until so many questions have an answer, then kill it."""

    async def are_answered() -> bool:
        return await answered(pool) >= count

    async with start_program("ichor_worker", environment) as worker:
        await until(are_answered, f"{count} answers", pause=0.002)
        await worker.kill()


async def test_kill_completer(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
):
    environment = {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
        "ICHOR_TOKEN_KEYS": KEYS,
    }
    async with connected(postgres_database.url) as pool, answering(rabbitmq_vhost) as asked:
        await migrate(pool)
        saved = await EdgeStore(pool).save_rule(Rule.model_validate(RULE), catalogue=discover().catalogue)
        await asyncio.gather(
            *(begin(pool, temporal_client, saved.rule_id, number, temporal_task_queue) for number in range(RUNS))
        )
        for count in (1, RUNS // 2, RUNS):
            await killed_after(environment, pool, count)
        async with start_program("ichor_worker", environment) as worker:

            async def are_done() -> bool:
                return await completed(pool) == RUNS

            await until(are_done, "all runs completed")
            assert await worker.stop() == 0
        notes = [row["message"] for row in await pool.fetch("SELECT message FROM workflow.audit_log ORDER BY message")]
        assert notes == [f"order {number:02} 3 4" for number in range(RUNS)]
        assert len(set(asked)) == 2 * RUNS
        assert await answered(pool) == 2 * RUNS
