"""What the tests of questions and replies share."""

from collections.abc import AsyncGenerator

import pytest
from ichor_testing import Database, TemporalServer, Vhost
from ichor_testing.question_bench import QuestionBench, open_question_bench
from temporalio.client import Client


@pytest.fixture
async def silent(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
) -> AsyncGenerator[QuestionBench]:
    """Nobody listens to questions."""
    async with open_question_bench(
        postgres_database, rabbitmq_vhost, temporal_client, shared_temporal.url, temporal_task_queue
    ) as bench:
        yield bench


@pytest.fixture
async def bench(silent: QuestionBench) -> QuestionBench:
    """A queue listens to questions."""
    await silent.listen()
    return silent
