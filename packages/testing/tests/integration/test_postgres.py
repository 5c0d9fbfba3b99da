import asyncio
from pathlib import Path

import asyncpg
import pytest
from ichor_testing import ServerFailed, ServerMissing, ServerNotOurs, Source, free_port, start_postgres
from ichor_testing.database import isolated_database, template_database
from ichor_testing.ports import is_free
from ichor_testing.postgres import PostgresServer


async def run(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def is_there(folder: str) -> bool:
    return Path(folder).exists()


async def test_committed_rows_survive_a_kill() -> None:
    async with start_postgres(source=Source.LOCAL) as server:
        await run(server.url, "CREATE TABLE kept (id int)")
        idle = await asyncpg.connect(server.url)
        await run(server.url, "INSERT INTO kept VALUES (1)")
        await server.kill()
        assert not await server.answers()
        await server.restart()
        assert await run(server.url, "SELECT count(*) FROM kept") == 1
        idle.terminate()


async def test_restart_kills_what_runs() -> None:
    async with start_postgres(source=Source.LOCAL) as server:
        before = await run(server.url, "SELECT pg_postmaster_start_time()")
        await server.restart()
        assert await run(server.url, "SELECT pg_postmaster_start_time()") != before


async def test_data_dir_survives_the_server(tmp_path: Path) -> None:
    async with start_postgres(source=Source.LOCAL, data_dir=tmp_path / "data") as server:
        await run(server.url, "CREATE TABLE kept AS SELECT 7 AS id")
        assert await run(server.url, "SHOW fsync") == "on"
    async with start_postgres(source=Source.LOCAL, data_dir=tmp_path / "data") as server:
        assert await run(server.url, "SELECT id FROM kept") == 7


async def test_port_is_the_one_asked_for_and_is_freed() -> None:
    port = free_port()
    async with start_postgres(source=Source.LOCAL, port=port) as server:
        assert f":{port}/" in server.url
        assert not is_free(port)
        with pytest.raises(ServerFailed, match=f"port {port} is taken"):
            async with start_postgres(source=Source.LOCAL, port=port):
                pass
    assert is_free(port)


async def test_nothing_is_left_behind() -> None:
    async with start_postgres(source=Source.LOCAL) as server:
        assert server.keeper is not None
        assert is_there(server.keeper.folder)
    assert not is_there(server.keeper.folder)


async def test_found_by_its_address(shared_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICHOR_TESTING_SERVERS", raising=False)
    monkeypatch.setenv("ICHOR_DATABASE_URL", shared_postgres.url)
    async with start_postgres() as server:
        assert (server.source, server.url) == (Source.ENV, shared_postgres.url)
        with pytest.raises(ServerNotOurs, match="PostgreSQL was found by its address"):
            await server.kill()
    assert await shared_postgres.answers()


async def test_missing_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICHOR_DATABASE_URL", raising=False)
    monkeypatch.setenv("ICHOR_TESTING_SERVERS", "env")
    with pytest.raises(ServerMissing) as error:
        async with start_postgres():
            pass
    message = str(error.value)
    assert message.startswith("PostgreSQL is missing: no address found (ICHOR_TESTING_SERVERS=env). Set ICHOR_DATABASE")
    assert "apt-get install postgresql" in message


async def test_databases_are_apart_and_dropped(shared_postgres: PostgresServer) -> None:
    async with isolated_database(shared_postgres) as one, isolated_database(shared_postgres) as other:
        await run(one.url, "CREATE TABLE mine (id int)")
        assert await run(other.url, "SELECT to_regclass('mine')") is None
        still_open = await asyncpg.connect(one.url)
    assert await run(shared_postgres.url, f"SELECT count(*) FROM pg_database WHERE datname = '{one.name}'") == 0
    still_open.terminate()


async def test_template_is_made_once_and_copied(shared_postgres: PostgresServer) -> None:
    made: list[str] = []

    async def prepare(url: str) -> None:
        made.append(url)
        await run(url, "CREATE TABLE migrated AS SELECT 3 AS id")

    names = await asyncio.gather(*(template_database(shared_postgres, "once", prepare) for _ in range(3)))
    assert len(made) == 1
    async with isolated_database(shared_postgres, names[0]) as database:
        assert await run(database.url, "SELECT id FROM migrated") == 3
