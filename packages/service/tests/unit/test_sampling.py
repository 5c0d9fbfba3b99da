import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

from ichor_service import Measure, NotConnected, Sampling, Stop, Unreachable, new_registry
from ichor_testing import until
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from structlog.testing import capture_logs


class Server:
    """Something that is there, away, or silent."""

    def __init__(self) -> None:
        self.state = "there"

    async def measure(self) -> Iterable[Metric]:
        match self.state:
            case "silent":
                await asyncio.Event().wait()
            case "away":
                raise Unreachable("it went away")
            case _:
                pass
        return [GaugeMetricFamily("waiting", "What waits", 7)]


@asynccontextmanager
async def sampled(**measures: Measure) -> AsyncGenerator[CollectorRegistry]:
    registry, stop = CollectorRegistry(), Stop(timedelta(seconds=1))
    task = asyncio.create_task(Sampling(measures, registry, period=0.05).run(stop))
    try:
        yield registry
    finally:
        stop.ask()
        await task


async def becomes(registry: CollectorRegistry, up: float, waiting: float | None, server: str = "database") -> None:
    async def is_so() -> bool:
        found = registry.get_sample_value("ichor_up", {"server": server}), registry.get_sample_value("waiting")
        return found == (up, waiting)

    await until(is_so, f"up {up}, waiting {waiting}", pause=0.005)


async def test_a_server_that_is_away_has_no_numbers_until_it_is_back():
    server = Server()
    async with sampled(database=server.measure) as registry:
        await becomes(registry, 1, 7)
        for state in ("away", "silent"):
            server.state = state
            await becomes(registry, 0, None)
            server.state = "there"
            await becomes(registry, 1, 7)


async def test_why_it_is_away_is_told_once_somebody_had_reached_it():
    tries = 0

    async def measure() -> None:
        nonlocal tries
        tries += 1
        raise NotConnected("not connected yet") if tries < 3 else Unreachable("it went away")

    async def was_tried() -> bool:
        return tries > 4

    with capture_logs() as lines:
        async with sampled(database=measure):
            await until(was_tried, "more tries", pause=0.005)
    assert [line["reason"] for line in lines] == ["it went away"]


async def test_a_silent_server_hides_no_other():
    silent, other = Server(), Server()
    silent.state = "silent"
    async with sampled(broker=silent.measure, database=other.measure) as registry:
        await becomes(registry, 1, 7)
        await becomes(registry, 0, 7, "broker")


async def test_before_anything_was_measured_nothing_is_up():
    registry = CollectorRegistry()
    Sampling({"database": Server().measure}, registry)
    assert registry.get_sample_value("ichor_up", {"server": "database"}) == 0
    assert registry.get_sample_value("waiting") is None


async def test_registries_know_nothing_of_each_other():
    first, second = new_registry(), new_registry()
    Sampling({"database": Server().measure}, first)
    assert second.get_sample_value("ichor_up", {"server": "database"}) is None
