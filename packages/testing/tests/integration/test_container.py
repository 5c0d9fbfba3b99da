"""The same servers in Docker; only where an engine answers."""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from ichor_testing import ServerMissing, Source, start_postgres, start_rabbitmq, start_temporal
from ichor_testing.container import engine_answers
from ichor_testing.server import Server

STRANGER = 54321

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


async def test_data_of_a_user_whom_the_image_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not await engine_answers():
        pytest.skip("no Docker engine answers")
    monkeypatch.setattr(os, "getuid", lambda: STRANGER)
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o777)
    async with start_temporal(source=Source.DOCKER, data_dir=data) as server:
        assert await server.answers()
    assert (data / "temporal.db").stat().st_uid == STRANGER


async def test_without_an_engine_docker_is_missing() -> None:
    if await engine_answers():
        pytest.skip("a Docker engine answers")
    with pytest.raises(ServerMissing, match="no Docker engine found"):
        async with start_postgres(source=Source.DOCKER):
            pass
