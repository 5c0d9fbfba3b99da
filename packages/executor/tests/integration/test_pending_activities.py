"""Temporal bounds how many activities of a run may be under way; a run with as many actions as that allows goes on."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ichor_models import Asked, Case, Rule
from ichor_testing import start_temporal
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner

from .conftest import Bench, worker

ACTIONS, ALLOWED = 18, 20
QUESTIONS, FEW = 300, 200


@asynccontextmanager
async def allowing(most: int, handlers: FakeHandlers) -> AsyncGenerator[Bench]:
    """Work for a Temporal of its own that allows a run so many activities at a time."""
    async with start_temporal(dynamic_config={"limit.numPendingActivities.error": most}) as server:
        client = await Client.connect(server.url, namespace=server.namespace, data_converter=pydantic_data_converter)
        async with worker(client, handlers, UnsandboxedWorkflowRunner()) as bench:
            yield bench


async def test_actions_whose_deadline_passes_at_once_leave_room_for_what_follows_them() -> None:
    graph, names = GraphBuilder(), [f"slow{number}" for number in range(ACTIONS)]
    for name in names:
        graph.action(name).action(f"after_{name}").start(name).always(name, f"after_{name}")
    document = graph.rule().model_dump()
    for action in document["actions"]:
        action["options"] = {"deadline": "1s"} if action["name"] in names else {}
    rule = Rule.model_validate(document)
    handlers = FakeHandlers()
    handlers.gates |= {name: asyncio.Event() for name in names}
    async with allowing(ALLOWED, handlers) as bench:
        record = await asyncio.wait_for(bench.record(await bench.start(rule, Case())), 120)
    assert {action.state for action in record.actions if action.name not in names} == {"completed"}
    assert sorted(name for name, _ in handlers.dropped) == sorted(names)


async def test_questions_whose_time_is_over_at_once_leave_room_for_each_other() -> None:
    graph, names = GraphBuilder(), [f"ask{number}" for number in range(QUESTIONS)]
    for name in names:
        graph.action(name).start(name)
    handlers = FakeHandlers()
    async with allowing(FEW, handlers) as bench:
        over = time.time() + 8
        handlers.asks |= {name: Asked(until=over, on_timeout={"output": "nobody"}) for name in names}
        record = await asyncio.wait_for(bench.record(await bench.start(graph.rule(), Case())), 120)
    assert [action.state for action in record.actions] == ["completed"] * QUESTIONS
