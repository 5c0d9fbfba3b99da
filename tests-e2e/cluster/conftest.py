"""The whole system on a cluster, and a shop that uses it."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import aio_pika
import pytest_asyncio
from ichor_edgestore import connected
from ichor_service import EVENTS

from .kubectl import Kubectl
from .shop import Shop

CLUSTER = Path(__file__).parents[2] / "infra" / "cluster"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kubectl() -> AsyncGenerator[Kubectl]:
    """The overlay `dev` on a cluster, which is removed in the end."""
    await _cluster("up")
    try:
        found = re.search(r"KUBECONFIG=(\S+)", await _cluster("env"))
        assert found
        yield Kubectl(found[1])
    finally:
        await _cluster("down")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(kubectl: Kubectl) -> AsyncGenerator[Shop]:
    """A shop whose table and rule are there."""
    async with (
        kubectl.forward("postgresql", 5432) as postgresql,
        kubectl.forward("rabbitmq", 5672) as rabbitmq,
        connected(f"postgresql://ichor:ichor@127.0.0.1:{postgresql}/ichor") as pool,
        await aio_pika.connect(f"amqp://ichor:ichor@127.0.0.1:{rabbitmq}/") as broker,
    ):
        channel = await broker.channel(on_return_raises=True)
        opened = Shop(pool, await channel.get_exchange(EVENTS.exchange))
        await opened.open()
        yield opened


async def _cluster(command: str) -> str:
    process = await asyncio.create_subprocess_exec(CLUSTER, command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0, f"infra/cluster {command} ended with {process.returncode}"
    return output.decode()
