"""The program `ichor-trigger`, fed by RabbitMQ."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aio_pika
from aio_pika.abc import AbstractExchange
from ichor_testing import until
from ichor_testing.engine_program import EngineProgram
from order_event import order_event

_STARTED = 'outcome="started"'


class FedTrigger:
    """The trigger as a process of its own; `cpu` has the milliseconds of CPU of an event."""

    def __init__(self, trigger: EngineProgram, exchange: AbstractExchange, events: int) -> None:
        self._trigger = trigger
        self._exchange = exchange
        self._events = events
        self.cpu: list[float] = []

    async def ours(self) -> float:
        """Publish events, wait until each has started its run, and return how many a second."""
        done, cpu = await self._state()

        async def all_done() -> bool:
            return (await self._state())[0] >= done + self._events

        # Asking takes time from the trigger, so it is not asked often.
        rate = await publish(self._exchange, self._events, lambda: until(all_done, "the end of the events", pause=0.2))
        self.cpu.append(((await self._state())[1] - cpu) * 1000 / self._events)
        return rate

    async def _state(self) -> tuple[float, float]:
        metrics = await self._trigger.metrics()
        # Not those that moved to the queue of bursts: they are counted again there.
        done = sum(
            value for name, value in metrics.items() if name.startswith("ichor_messages_total{") and _STARTED in name
        )
        return done, metrics["process_cpu_seconds_total"]


async def publish(exchange: AbstractExchange, events: int, all_done: Callable[[], Awaitable[object]]) -> float:
    """Publish events, wait until all is done, and return how many a second were."""
    messages = [aio_pika.Message(order_event(), delivery_mode=2) for _ in range(events)]
    began = time.perf_counter()
    await asyncio.gather(*(exchange.publish(message, "orders") for message in messages))
    await all_done()
    return events / (time.perf_counter() - began)
