"""The pytest plugin `ichor`: servers shared by the whole test session, and a corner of them for each test.

Nothing is imported or started before a fixture asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from ichor_testing.exit_guard import guard_exit

if TYPE_CHECKING:
    from temporalio.client import Client

    from ichor_testing.database import Database
    from ichor_testing.postgres import PostgresServer
    from ichor_testing.rabbitmq import RabbitServer
    from ichor_testing.shared import Session
    from ichor_testing.temporal import TemporalServer
    from ichor_testing.vhost import Vhost

_WORKER_KEY = "ichor_testing"
_session_key = pytest.StashKey["Session"]()


def _session(config: pytest.Config) -> Session:
    """Return the session that this process, a controller or an xdist worker, belongs to."""
    from ichor_testing.shared import Session

    if _session_key not in config.stash:
        handed: dict[str, Any] | None = getattr(config, "workerinput", {}).get(_WORKER_KEY)
        config.stash[_session_key] = Session.from_json(handed) if handed else Session.new()
    return config.stash[_session_key]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which session it belongs to."""
    node.workerinput[_WORKER_KEY] = _session(node.config).to_json()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the session's servers when the controller ends, and see that every process ends in order."""
    guard_exit()
    if _session_key in config.stash and not hasattr(config, "workerinput"):
        for failure in config.stash[_session_key].end():
            sys.stderr.write(f"{failure}\n")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_postgres(pytestconfig: pytest.Config) -> PostgresServer:
    """PostgreSQL, one for the whole session."""
    from ichor_testing.postgres import PostgresOptions, PostgresServer, launch_postgres

    return await _session(pytestconfig).share(PostgresServer, lambda watch: launch_postgres(PostgresOptions(), watch))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_rabbitmq(pytestconfig: pytest.Config) -> RabbitServer:
    """RabbitMQ, one for the whole session."""
    from ichor_testing.rabbitmq import RabbitOptions, RabbitServer, launch_rabbitmq

    return await _session(pytestconfig).share(RabbitServer, lambda watch: launch_rabbitmq(RabbitOptions(), watch))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_temporal(pytestconfig: pytest.Config) -> TemporalServer:
    """A Temporal dev server, one for the whole session."""
    from ichor_testing.temporal import TemporalOptions, TemporalServer, launch_temporal

    return await _session(pytestconfig).share(TemporalServer, lambda watch: launch_temporal(TemporalOptions(), watch))


@pytest.fixture(scope="session")
def postgres_template() -> str:
    """The database that each test's is a copy of; override it, see `template_database`."""
    return "template0"


@pytest_asyncio.fixture(loop_scope="session")
async def postgres_database(shared_postgres: PostgresServer, postgres_template: str) -> AsyncGenerator[Database]:
    """A fresh database of the test's own."""
    from ichor_testing.database import isolated_database

    async with isolated_database(shared_postgres, postgres_template) as database:
        yield database


@pytest_asyncio.fixture(loop_scope="session")
async def rabbitmq_vhost(shared_rabbitmq: RabbitServer) -> AsyncGenerator[Vhost]:
    """A fresh vhost of the test's own."""
    from ichor_testing.vhost import isolated_vhost

    async with isolated_vhost(shared_rabbitmq) as vhost:
        yield vhost


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal_client(shared_temporal: TemporalServer) -> Client:
    """A client of the session's Temporal; keep tests apart by `temporal_task_queue` and unique workflow ids."""
    return await shared_temporal.connect()


@pytest.fixture
def temporal_task_queue() -> str:
    """A task queue of the test's own."""
    from ichor_testing.task_queue import isolated_task_queue

    return isolated_task_queue()


@pytest_asyncio.fixture(loop_scope="session")
async def temporal_namespace(shared_temporal: TemporalServer) -> AsyncGenerator[Client]:
    """A client of a fresh namespace of the test's own."""
    from ichor_testing.task_queue import isolated_namespace

    async with isolated_namespace(shared_temporal) as client:
        yield client
