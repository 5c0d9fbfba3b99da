"""Numbers that only a server knows, measured every few seconds, so that whoever reads them waits for nobody."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

import structlog
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ichor_service.errors import NotConnected, Stopped
from ichor_service.queue_lengths import QueueLengths
from ichor_service.reason import reason
from ichor_service.stop import Stop

type Measure = Callable[[], Awaitable[Iterable[Metric] | None]]
"""Returns what a server says now, if anything; raises where it is away."""

_log = structlog.stdlib.get_logger(__name__)


class Sampling(Collector):
    """Measures each server every `period` seconds; no answer within that time means that it is away.

    What a server that is away would say is left out, and `ichor_up` is 0.
    """

    def __init__(
        self,
        measures: Mapping[str, Measure],
        registry: CollectorRegistry,
        queues: QueueLengths | None = None,
        *,
        period: float = 5.0,
    ) -> None:
        self._measures = {**measures, "broker": queues.measure} if queues else measures
        self._queues = queues
        self._period = period
        self._latest: dict[str, Iterable[Metric]] = {}
        self._trouble: dict[str, str] = {}
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return what was measured last."""
        up = GaugeMetricFamily("ichor_up", "1 where a server answered when it was asked last", labels=["server"])
        for server in self._measures:
            up.add_metric([server], server in self._latest)
            yield from self._latest.get(server, ())
        yield up

    async def run(self, stop: Stop) -> None:
        """Measure until told to stop."""
        try:
            async with asyncio.TaskGroup() as group:
                for server, measure in self._measures.items():
                    group.create_task(self._keep_measuring(server, measure, stop))
        finally:
            if self._queues is not None:
                await self._queues.close()

    async def _keep_measuring(self, server: str, measure: Measure, stop: Stop) -> None:
        with suppress(Stopped):
            while True:
                await stop.interrupt(self._measure(server, measure))
                await stop.sleep(self._period)

    async def _measure(self, server: str, measure: Measure) -> None:
        try:
            async with asyncio.timeout(self._period):
                self._latest[server] = await measure() or ()
        except NotConnected:
            self._latest.pop(server, None)
        except Exception as error:
            self._latest.pop(server, None)
            if self._trouble.get(server) != reason(error):
                _log.info("not measured", server=server, reason=reason(error))
            self._trouble[server] = reason(error)
        else:
            self._trouble.pop(server, None)
