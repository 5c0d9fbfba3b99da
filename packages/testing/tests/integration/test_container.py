"""The same servers in Docker; only where an engine answers."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from ichor_testing import ServerMissing, Source, start_postgres, start_rabbitmq, start_temporal
from ichor_testing.container import engine_answers
from ichor_testing.server import Server

type Start = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.mark.parametrize("start", [start_postgres, start_rabbitmq, start_temporal])
async def test_container_is_killed_and_started_again(start: Start) -> None:
    if not await engine_answers():
        pytest.skip("no Docker engine answers")
    async with start(source=Source.DOCKER) as server:
        assert server.source is Source.DOCKER
        await server.kill()
        assert not await server.answers()
        await server.restart()


async def test_without_an_engine_docker_is_missing() -> None:
    if await engine_answers():
        pytest.skip("a Docker engine answers")
    with pytest.raises(ServerMissing, match="no Docker engine found"):
        async with start_postgres(source=Source.DOCKER):
            pass
