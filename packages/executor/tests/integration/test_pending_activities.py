"""Temporal bounds how many activities of a run may be under way; a run with as many actions as that allows goes on."""

import asyncio

from ichor_models import Case, Rule
from ichor_testing import start_temporal
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner

from .conftest import worker

ACTIONS, ALLOWED = 18, 20


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
    async with start_temporal(dynamic_config={"limit.numPendingActivities.error": ALLOWED}) as server:
        client = await Client.connect(server.url, namespace=server.namespace, data_converter=pydantic_data_converter)
        async with worker(client, handlers, UnsandboxedWorkflowRunner()) as bench:
            record = await asyncio.wait_for(bench.record(await bench.start(rule, Case())), 30)
    assert {action.state for action in record.actions if action.name not in names} == {"completed"}
    assert sorted(name for name, _ in handlers.dropped) == sorted(names)
