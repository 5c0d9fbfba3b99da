import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from ichor_service import Health, Probe, Stop, Unreachable, health_routes
from ichor_testing import until
from starlette.applications import Starlette


class Server:
    """Something that is there, away, or silent."""

    def __init__(self) -> None:
        self.away = False
        self.silent = False

    async def probe(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise Unreachable("it went away")


@asynccontextmanager
async def watched(**probes: Probe) -> AsyncGenerator[tuple[Health, Stop]]:
    stop = Stop(timedelta(seconds=1))
    health = Health(probes, stop, period=0.01, timeout=0.05)
    task = asyncio.create_task(health.watch())
    try:
        yield health, stop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def state_is(health: Health, name: str, state: str) -> None:
    async def is_so() -> bool:
        return health.readiness.checks[name] == state

    await until(is_so, f"{name}: {state}", pause=0.005)


async def failing_are(health: Health, *names: str) -> None:
    async def are() -> bool:
        return health.readiness.failing == list(names)

    await until(are, f"failing {names}", pause=0.005)


async def test_nothing_is_ready_before_it_was_asked():
    health = Health({"database": Server().probe}, Stop(timedelta(seconds=1)))
    assert health.readiness.checks == {"database": "not checked yet"}


async def test_what_goes_away_is_named_until_it_is_back():
    database, broker = Server(), Server()
    async with watched(database=database.probe, broker=broker.probe) as (health, _):
        await failing_are(health)
        broker.away = True
        await failing_are(health, "broker")
        assert health.readiness.checks == {"database": "ok", "broker": "it went away"}
        broker.away = False
        await failing_are(health)


async def test_a_server_that_does_not_answer_is_not_there_and_hides_no_other():
    database, broker = Server(), Server()
    broker.silent = True
    async with watched(database=database.probe, broker=broker.probe) as (health, _):
        await state_is(health, "broker", "no answer within 0.05 s")
        await failing_are(health, "broker")


async def test_a_program_that_stops_is_not_ready():
    async with watched() as (health, stop):
        await failing_are(health)
        stop.ask()
        assert health.readiness.failing == ["running"]


@pytest.mark.parametrize(("away", "status"), [(False, 200), (True, 503)])
async def test_the_routes_tell_it_in_json(away: bool, status: int):
    server = Server()
    server.away = away
    state = "it went away" if away else "ok"
    async with watched(database=server.probe) as (health, _):
        await state_is(health, "database", state)
        transport = httpx.ASGITransport(Starlette(routes=health_routes(health)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            live, ready = await http.get("/healthz/live"), await http.get("/healthz/ready")
    assert (live.status_code, live.json()) == (200, {"live": True})
    assert ready.status_code == status
    assert ready.json() == {
        "ready": not away,
        "failing": ["database"] if away else [],
        "checks": {"database": state},
    }
