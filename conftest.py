"""What tests share: generated examples without a deadline, where programs find the servers, and a rule that asks."""

from collections.abc import AsyncGenerator

import pytest
from hypothesis import settings
from ichor_testing import Database, TemporalServer, Vhost
from ichor_testing.question_bench import QuestionBench, open_question_bench
from temporalio.client import Client

# An example takes as long as the machine is busy.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def environment(
    postgres_database: Database, rabbitmq_vhost: Vhost, shared_temporal: TemporalServer, temporal_task_queue: str
) -> dict[str, str]:
    """The variables with which a program finds the test's own part of each server."""
    return {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TEMPORAL_NAMESPACE": shared_temporal.namespace,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
        "ICHOR_SHUTDOWN_GRACE": "10s",
    }


@pytest.fixture
async def silent(
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_client: Client,
    temporal_task_queue: str,
) -> AsyncGenerator[QuestionBench]:
    """A rule that asks; nobody listens to the questions."""
    async with open_question_bench(
        postgres_database, rabbitmq_vhost, temporal_client, shared_temporal.url, temporal_task_queue
    ) as bench:
        yield bench


@pytest.fixture
async def bench(silent: QuestionBench) -> QuestionBench:
    """A rule that asks, and a queue that listens to the questions."""
    await silent.listen()
    return silent
