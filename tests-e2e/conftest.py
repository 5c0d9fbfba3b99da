"""What several stories begin with."""

from collections.abc import AsyncGenerator

import pytest
from ichor_testing import Database, TemporalServer, Vhost
from ichor_testing.question_bench import QuestionBench, open_question_bench
from temporalio.client import Client


@pytest.fixture
async def bench(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
) -> AsyncGenerator[QuestionBench]:
    """A rule that asks, and somebody who listens."""
    async with open_question_bench(
        postgres_database, rabbitmq_vhost, temporal_client, shared_temporal.url, temporal_task_queue
    ) as bench:
        await bench.listen()
        yield bench
