import asyncio
from collections.abc import Iterable
from datetime import timedelta
from threading import Event

import httpx
from ichor_service import Health, Stop
from ichor_service.metrics import metrics_route
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette


class Slow(Collector):
    """Says nothing until it is let go, and then whether it was."""

    def __init__(self) -> None:
        self.asked, self.go, self.let_go = Event(), Event(), False

    def collect(self) -> Iterable[Metric]:
        self.asked.set()
        self.let_go = self.go.wait(60)
        return ()


async def test_what_is_slow_to_collect_holds_up_nothing_else():
    registry, slow = CollectorRegistry(), Slow()
    registry.register(slow)
    app = Starlette(routes=[metrics_route(registry, Health({}, Stop(timedelta(seconds=1))))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        asking = asyncio.create_task(client.get("/metrics"))
        assert await asyncio.to_thread(slow.asked.wait, 60)
        slow.go.set()
        answer = await asking
    assert slow.let_go
    assert "ichor_ready 1.0" in answer.text
