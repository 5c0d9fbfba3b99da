"""The engine's workflow against hand-written ones that do the same: throughput, latency, events and bytes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from arena import Arena, open_arena
from duel import Duel, duel
from effort import Effort
from figure import AtLeast, AtMost, Figure
from ichor_testing import start_temporal
from shape import Shape, chain, diamond, fan

type Run = Callable[[Shape], Awaitable[str]]

_TASK = 3
"""A workflow task has so many events."""


async def measure(effort: Effort) -> list[Figure]:
    """Measure each shape with several runs at once, and with one alone."""
    shapes = [chain(20), diamond(), fan(50), fan(100, 4), fan(1000, 8 if effort.full else 1)]
    figures: list[Figure] = []
    async with start_temporal() as temporal, open_arena(await temporal.connect()) as arena:
        for shape in shapes:
            figures.append(await _throughput(arena, shape, effort.rounds))
            figures += await _alone(arena, shape, effort.rounds)
    return figures


async def _throughput(arena: Arena, shape: Shape, rounds: int) -> Figure:
    def together(run: Run) -> Callable[[], Awaitable[float]]:
        async def measured() -> float:
            began = time.perf_counter()
            await asyncio.gather(*(run(shape) for _ in range(shape.at_once)))
            return shape.at_once * shape.actions / (time.perf_counter() - began)

        return measured

    found = await duel(rounds, together(arena.ours), together(arena.bare))
    return found.figure(f"{shape.name} x {shape.at_once}, throughput", "actions/s", AtLeast(0.95))


async def _alone(arena: Arena, shape: Shape, rounds: int) -> list[Figure]:
    """Measure one run after the other; what they left comes from the same runs."""
    ids: dict[str, list[str]] = {"ours": [], "bare": []}

    def alone(who: str, run: Run) -> Callable[[], Awaitable[float]]:
        async def measured() -> float:
            began = time.perf_counter()
            ids[who].append(await run(shape))
            return (time.perf_counter() - began) * 1000 / shape.steps

        return measured

    found = await duel(rounds, alone("ours", arena.ours), alone("bare", arena.bare))
    events, sizes = Duel(), Duel()
    for our_id, bare_id in zip(ids["ours"], ids["bare"], strict=True):
        ours, bare = await arena.size(our_id), await arena.size(bare_id)
        events.add(ours[0], bare[0])
        sizes.add(ours[1] / shape.actions, bare[1] / shape.actions)
    at_most = AtMost(1 + _TASK / min(events.bare))
    return [
        found.figure(f"{shape.name}, alone", "ms/step", AtMost(1.05)),
        events.figure(f"{shape.name}, events", "events", at_most),
        sizes.figure(f"{shape.name}, history", "bytes/action", AtMost(1.3)),
    ]
