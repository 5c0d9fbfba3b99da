"""The interpreter alone: the pure machine, told of each action that it succeeded. A step is one action finished."""

import gc
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from effort import Effort
from figure import AtLeast, Figure, Spread
from ichor_executor import Command, EndRun, Machine, Plan, RunAction
from ichor_models import EntityEvent, ExecutionId, RuleId, RunRequest, RunStatus, run_request
from shape import Shape, chain, fan

_NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
_RULE = RuleId("4b1c9a52-3f0f-4a86-b7d0-5f0f3f6a2a10")
_EVENT = {"event_id": "e", "event_type": "on_create", "entity_name": "orders", "entity_id": "4711"}
_SHAPES: tuple[tuple[str, Callable[[int], Shape]], ...] = (("chain", chain), ("fan", fan))


async def measure(effort: Effort) -> list[Figure]:
    """Measure chains and fans up to 100,000 actions, and whether the largest is as fast per step as a smaller one."""
    sizes = (10, 100, 1000, 10_000, 100_000)
    figures: list[Figure] = []
    for name, shape in _SHAPES:
        speeds: dict[int, Spread] = {}
        for size in sizes:
            request = _request(shape(size))
            plan = Plan(request.graph)
            speeds[size] = Spread.of([_steps(plan, request) for _ in range(effort.rounds)])
            figures.append(Figure(f"{name} {size:,}", speeds[size], "steps/s", AtLeast(100_000)))
        largest, smaller = speeds[sizes[-1]].median, speeds[1000].median
        figures.append(Figure(f"{name}, 100,000 to 1,000", Spread.of([largest / smaller]), bound=AtLeast(0.8)))
    return [*figures, *_plans(effort.rounds)]


def _plans(rounds: int) -> list[Figure]:
    """Measure making a graph ready to be run."""
    figures: list[Figure] = []
    for size in (1000, 10_000):
        graph, speeds = chain(size).rule.graph, list[float]()
        for _ in range(rounds):
            began = time.process_time()
            Plan(graph)
            speeds.append(size / (time.process_time() - began))
        figures.append(Figure(f"plan of chain {size:,}", Spread.of(speeds), "actions/s"))
    return figures


def _request(shape: Shape) -> RunRequest:
    return run_request(shape.rule, _RULE, ExecutionId("x"), EntityEvent.model_validate(_EVENT))


def _steps(plan: Plan, request: RunRequest) -> float:
    """Run it often enough for a clock to tell, and return how many actions finish a second."""
    times = max(1, 20_000 // len(plan.nodes))
    gc.collect()
    began = time.process_time()
    for _ in range(times):
        _run(Machine(plan, request))
    return times * len(plan.nodes) / (time.process_time() - began)


def _run(machine: Machine) -> None:
    under_way: deque[int] = deque()

    def take(commands: list[Command]) -> RunStatus | None:
        for command in commands:
            if isinstance(command, RunAction):
                under_way.append(command.at)
            elif isinstance(command, EndRun):
                return command.status
        return None

    status = take(machine.start(_NOW))
    while under_way:
        status = take(machine.succeeded(under_way.popleft(), {"audit_id": "4711", "output": "success"}, _NOW))
    assert status is RunStatus.COMPLETED
