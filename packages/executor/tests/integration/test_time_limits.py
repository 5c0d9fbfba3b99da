"""The deadline of an action on a real Temporal server; that of a run is in test_stop.py."""

import asyncio
from typing import Any

import pytest
from ichor_models import ActionCall, ActionError, Case, Rule, RunRecord
from ichor_testing import until
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner

from .conftest import Bench, worker


class Busy(FakeHandlers):
    """Fails every attempt at `slow`, and says that another may help."""

    def _result(self, call: ActionCall) -> dict[str, Any]:
        if call.name != "slow":
            return super()._result(call)
        raise ActionError("The other side is busy.", type="busy", retryable=True)


def limited(**options: object) -> Rule:
    """Return a rule of one action that handles its failure, with options of its own."""
    rule = GraphBuilder().action("slow").action("note", error="{{slow.error}}").start("slow").on_failure("slow", "note")
    document = rule.rule().model_dump()
    document["actions"][0]["options"] = options
    return Rule.model_validate(document)


async def error_of(bench: Bench, rule: Rule) -> dict[str, Any]:
    record: RunRecord = await bench.record(await bench.start(rule, Case()))
    result: Any = record.actions[0].result
    assert result is not None
    return result["error"]


async def test_an_action_that_takes_longer_than_its_deadline_fails_as_deadline(bench: Bench) -> None:
    bench.handlers.gates["slow"] = asyncio.Event()
    error = await error_of(bench, limited(deadline="5s"))
    assert error == {"message": "The action's deadline passed.", "type": "deadline", "retryable": False}


async def test_what_an_action_asked_whose_deadline_passed_is_closed(bench: Bench) -> None:
    bench.handlers.gates |= {"slow": asyncio.Event(), "note": asyncio.Event()}
    handle = await bench.start(limited(deadline="1s"), Case())

    async def is_closed() -> bool:
        return bench.handlers.dropped == [("slow", 1)]

    await until(is_closed, "the question is closed")
    bench.handlers.gates["note"].set()
    await bench.record(handle)


@pytest.mark.parametrize("limits", [{"backoff": "200ms"}, {"backoff": "1m"}])
async def test_a_deadline_that_leaves_no_time_for_another_attempt_tells_of_the_last(
    temporal_client: Client, limits: dict[str, str]
) -> None:
    async with worker(temporal_client, Busy(), UnsandboxedWorkflowRunner()) as bench:
        error = await error_of(bench, limited(deadline="5s", **limits))
    assert (error["type"], error["retryable"]) == ("deadline", False)
    assert error["message"] == "The action's deadline passed. Its last attempt: The other side is busy."


async def test_attempts_that_take_too_long_are_bounded_by_the_deadline(bench: Bench) -> None:
    bench.handlers.gates["slow"] = asyncio.Event()
    error = await error_of(bench, limited(timeout="1s", backoff="100ms", deadline="5s"))
    assert (error["type"], error["retryable"]) == ("deadline", False)
    assert len(bench.handlers.calls) > 1
