"""The fixtures of the plugin, used as a test of another package uses them."""

import aio_pika
import asyncpg
from ichor_testing.database import Database
from ichor_testing.vhost import Vhost
from temporalio.client import Client


async def test_database_is_empty_and_usable(postgres_database: Database) -> None:
    connection = await asyncpg.connect(postgres_database.url)
    try:
        assert await connection.fetchval("SELECT current_database()") == postgres_database.name
        await connection.execute("CREATE TABLE things (id int)")
    finally:
        await connection.close()


async def test_database_forgets_the_test_before(postgres_database: Database) -> None:
    connection = await asyncpg.connect(postgres_database.url)
    try:
        assert await connection.fetchval("SELECT to_regclass('things')") is None
    finally:
        await connection.close()


async def test_vhost_takes_messages(rabbitmq_vhost: Vhost) -> None:
    async with await aio_pika.connect(rabbitmq_vhost.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("replies", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"hello"), "replies")
        message = await queue.get(timeout=30)
        assert message is not None
        assert message.body == b"hello"
        await message.ack()


async def test_namespace_has_the_search_attributes(temporal_namespace: Client) -> None:
    assert await temporal_namespace.count_workflows("IchorRule = 'none'")


async def test_client_starts_workflows(temporal_client: Client, temporal_task_queue: str) -> None:
    handle = await temporal_client.start_workflow("Nobody", id=temporal_task_queue, task_queue=temporal_task_queue)
    assert (await handle.describe()).task_queue == temporal_task_queue
    await handle.terminate()
