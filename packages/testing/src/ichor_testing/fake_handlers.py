"""Handlers that answer from a case, for any action type, and remember what they were asked."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ichor_models import (
    ActionCall,
    ActionError,
    Asked,
    Case,
    Catalogue,
    ExecutionId,
    Firing,
    Reply,
    Rule,
    RuleId,
    RunHeader,
    RunRecord,
    RunRequest,
    RunStatus,
)


@dataclass(frozen=True, slots=True)
class FakeRun:
    """A run that was pinned."""

    request: RunRequest
    status: RunStatus = RunStatus.PENDING
    error: str | None = None
    error_type: str | None = None


_BEAT_SECONDS = 0.1


class FakeHandlers:
    """Answers every action of a worker from a case. `calls` has what it was asked, `records` how the runs ended.

    An action named in `gates` waits until its event is set, or it is cancelled; `running` counts the actions in
    progress. One named in `asks` answers that it waits for a reply; `late` has replies that are found when their
    question is closed, which waits for the event in `closing` and sets `closed`; `dropped` are those closed because
    their run was stopped. `rules` are those that schedules may fire, by id, `events_per_run` the limit of their runs.
    """

    def __init__(self, case: Case | None = None, catalogue: Catalogue | None = None) -> None:
        self.case = case or Case()
        self.catalogue = catalogue
        self.calls: list[ActionCall] = []
        self.configs: dict[str, dict[str, Any]] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.asks: dict[str, Asked] = {}
        self.late: dict[str, Reply] = {}
        self.dropped: list[tuple[str, int]] = []
        self.rules: dict[RuleId, Rule] = {}
        self.events_per_run: int | None = None
        self.gates: dict[str, asyncio.Event] = {}
        self.closing: dict[str, asyncio.Event] = {}
        self.closed = asyncio.Event()
        self.running = 0
        self.most_running = 0
        self.started: list[ExecutionId] = []
        self.records: dict[ExecutionId, RunRecord] = {}

    def activities(self) -> list[Callable[..., Any]]:
        """Return the activities of a worker: one that answers any type, and the engine's own."""
        from ichor_executor.temporal import engine_activities
        from temporalio import activity
        from temporalio.common import RawValue

        @activity.defn(dynamic=True)
        async def answer(arguments: Sequence[RawValue]) -> dict[str, Any]:
            call = activity.payload_converter().from_payload(arguments[0].payload, ActionCall)
            return await self._answer(call)

        return [answer, *engine_activities(self)]

    async def pin_firing(self, firing: Firing) -> "FakeRun | None":
        """Return a run of the rule as it is now; a run that ended stays ended."""
        rule = self.rules.get(firing.rule_id)
        if rule is None:
            return None
        event = firing.event(rule.trigger.entity)
        header = RunHeader(
            execution_id=ExecutionId(firing.workflow_id), rule_id=firing.rule_id, rule_name=rule.name, event=event
        )
        request = RunRequest(
            run=header,
            graph=rule.graph,
            options=rule.options,
            trigger_data=event.model_dump(mode="json", exclude_none=True),
            events_per_run=self.events_per_run,
        )
        record = self.records.get(header.execution_id)
        return FakeRun(request, record.status, record.error, record.error_type) if record else FakeRun(request)

    async def run_started(self, execution_id: ExecutionId) -> None:
        """Remember that a run started."""
        self.started.append(execution_id)

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> bool:
        """Remember how a run ended; the first end stays."""
        return self.records.setdefault(execution_id, record) is record

    async def close_question(self, execution_id: ExecutionId, action_key: str, ask: int) -> Reply | None:
        """Close a question, or return the reply in `late`."""
        self.closed.set()
        if (gate := self.closing.get(action_key)) is not None:
            await gate.wait()
        return self.late.get(action_key)

    async def drop_questions(self, execution_id: ExecutionId, asks: Sequence[tuple[str, int]]) -> None:
        """Remember which questions are asked no more."""
        self.dropped.extend((key, ask) for key, ask in asks)

    async def _answer(self, call: ActionCall) -> dict[str, Any]:
        from temporalio.exceptions import ApplicationError

        self.calls.append(call)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if (gate := self.gates.get(call.name)) is not None:
                await _passed(gate)
            asked = self.asks.get(call.name)
            return asked.as_result() if asked else self._result(call)
        except ActionError as error:
            raise ApplicationError(error.message, type=error.type, non_retryable=not error.retryable) from error
        finally:
            self.running -= 1

    def _result(self, call: ActionCall) -> dict[str, Any]:
        config: dict[str, Any] = call.config
        self.configs[call.name] = config
        if self.catalogue is not None:
            config = self.case.fit(self.catalogue, call.type, call.config)
            self.configs[call.name] = config
        self.results[call.name] = self.case.answer(call.name, call.type, config)
        return self.results[call.name]


async def _passed(gate: asyncio.Event) -> None:
    """Wait for a gate with signs of life, since only their answer says that the action was cancelled."""
    from temporalio import activity

    while not gate.is_set():
        activity.heartbeat()
        with suppress(TimeoutError):
            await asyncio.wait_for(gate.wait(), _BEAT_SECONDS)
