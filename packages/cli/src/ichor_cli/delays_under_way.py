"""The delays that a run waits in, by what is recorded of it.

Nothing is recorded of a delay before the run ends. So the interpreter is told what has ended so far, each at its time,
and says which delays have begun. A delay begins a moment after that time: it ends no sooner than is said here.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from heapq import heappop, heappush

from ichor_edgestore import ActionView, RunView
from ichor_edgestore.pinned_run import stored_header
from ichor_executor import Command, Machine, Plan, RunAction, StartTimer
from ichor_executor.plan import Kind
from ichor_models import ActionError, RuleId, RunHeader, RunRequest, RunStatus


def delays_under_way(run: RunView, now: datetime) -> Mapping[str, datetime]:
    """Return the delays whose end is yet to come, by the names of their actions, each with its earliest end."""
    if run.status is not RunStatus.RUNNING or run.cancellation is not None:
        return {}
    return _Retelling(run).ends_after(now)


class _Retelling:
    """The interpreter, told again what happened; `_due` are the ends of what it has begun, the earliest first."""

    def __init__(self, run: RunView) -> None:
        header = RunHeader(
            execution_id=run.execution_id,
            rule_id=run.rule_id or RuleId(""),
            rule_name=run.rule_name or "",
            event=stored_header(None, run.event_id, run.entity_name, run.trigger_data),
        )
        request = RunRequest(run=header, graph=run.graph, trigger_data=run.trigger_data)
        self._began = run.started or run.created
        self._actions = {action.name: action for action in run.actions}
        self._plan = Plan(run.graph)
        self._machine = Machine(self._plan, request)
        self._due: list[tuple[datetime, int]] = []

    def ends_after(self, now: datetime) -> Mapping[str, datetime]:
        self._take(self._machine.start(self._began))
        while self._due and self._due[0][0] <= now:
            moment, at = heappop(self._due)
            self._take(self._ended(at, moment))
        nodes = self._plan.nodes
        return {nodes[at].action.name: end for end, at in sorted(self._due) if nodes[at].kind is Kind.DELAY}

    def _take(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, StartTimer):
                heappush(self._due, (datetime.fromtimestamp(command.until, UTC), command.at))
            elif isinstance(command, RunAction):
                known = self._actions.get(self._plan.nodes[command.at].action.name)
                if known is not None and known.ended is not None and not _may_be_tried_again(known):
                    heappush(self._due, (known.ended, command.at))

    def _ended(self, at: int, moment: datetime) -> Iterable[Command]:
        node = self._plan.nodes[at]
        if node.kind is Kind.DELAY:
            return self._machine.fired(at, moment)
        action = self._actions[node.action.name]
        if action.error is not None:
            return self._machine.failed(at, ActionError("It failed.", type="failed"), moment)
        return self._machine.succeeded(at, action.result or {}, moment)


def _may_be_tried_again(action: ActionView) -> bool:
    return bool((action.error or {}).get("retryable"))
