"""Where the worker's time goes: CPU of an action, and of it each part's share by the profiler."""

import asyncio
import cProfile
import pstats
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

from arena import Arena, open_arena
from effort import Effort
from figure import AtMost, Figure, Spread
from ichor_testing import start_temporal
from shape import Shape, chain

_PARTS = (
    ("interpreter", tuple(f"ichor_executor/{name}.py" for name in ("machine", "plan", "resolution", "scope", "state"))),
    ("workflow and recorder", ("ichor_executor/",)),
    ("models", ("ichor_models/",)),
    ("Temporal's SDK", ("temporalio/",)),
    ("protobuf", ("google/protobuf", "google._upb")),
    ("pydantic", ("pydantic",)),
    ("asyncio", ("asyncio/", "concurrent/", "select.", "_asyncio", "Context")),
    ("benchmark", ("tests-e2e/bench",)),
)
"""The parts, by what stands in the names of their functions; the first that fits. The rest is of Python."""
_WAITING = ("method 'poll'", "method 'control'")


class InLoop(ThreadPoolExecutor):
    """Does workflow tasks in the thread of the event loop, so that the profiler sees everything."""

    def submit[T](self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Do it at once."""
        loop = asyncio.get_running_loop()
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        finally:
            # A workflow is an event loop of its own, and leaves none running.
            asyncio._set_running_loop(loop)  # pyright: ignore[reportPrivateUsage] (as the SDK itself does)
        return done


async def measure(effort: Effort) -> list[Figure]:
    """Measure chains, eight at once, of the engine and hand-written; then profile ours."""
    shape, runs = chain(20), 8 if effort.full else 3
    async with start_temporal() as temporal:
        client = await temporal.connect()
        async with open_arena(client) as arena:
            ours, bare = list[float](), list[float]()
            for _ in range(effort.rounds):
                ours.append(await _cpu(arena.ours, shape))
                bare.append(await _cpu(arena.bare, shape))
        async with open_arena(client, InLoop()) as arena:
            await _cpu(arena.ours, shape)
            shares = await _profiled(arena, shape, runs)
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    whole = Figure(
        "worker, CPU of an action",
        Spread.of(ratios),
        bound=AtMost(1.1),
        ours=Spread.of(ours),
        bare=Spread.of(bare),
        of="ms",
    )
    return [whole, *(Figure(f"  {part}, profiled", Spread.of([share]), "ms") for part, share in shares.items())]


async def _cpu(run: Callable[[Shape], Any], shape: Shape) -> float:
    """Return the milliseconds of CPU of this process, the SDK's threads included, for each action."""
    began = time.process_time()
    await asyncio.gather(*(run(shape) for _ in range(shape.at_once)))
    return (time.process_time() - began) * 1000 / (shape.at_once * shape.actions)


async def _profiled(arena: Arena, shape: Shape, runs: int) -> Mapping[str, float]:
    """Return how many milliseconds of an action each part of Python takes; the profiler adds to all of them."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(runs):
        await asyncio.gather(*(arena.ours(shape) for _ in range(shape.at_once)))
    profile.disable()
    stats = cast("Any", pstats.Stats(profile)).stats
    shares: defaultdict[str, float] = defaultdict(float)
    for (file, _, name), (_, _, own, _, _) in stats.items():
        function = f"{file} {name}"
        if not any(word in function for word in _WAITING):
            shares[_part(function)] += own * 1000 / (runs * shape.at_once * shape.actions)
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _part(function: str) -> str:
    return next((part for part, words in _PARTS if any(word in function for word in words)), "Python itself")
