"""How far a run came that is under way, by its graph and what is recorded of its actions.

Until a run ends the database knows what activities did, but not what the interpreter does itself: conditions, delays,
what is skipped. So the interpreter is told again which activities ended, each at its time, and says the rest. What it
does itself it does a moment after the time that is told here; a delay ends no sooner than that.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import NamedTuple

from ichor_edgestore import ActionView, RunView
from ichor_edgestore.action_view import ended_actions
from ichor_edgestore.pinned_run import stored_header
from ichor_executor import Command, Ended, Machine, Plan, Recorder, RunAction, StartTimer
from ichor_executor.plan import Kind
from ichor_models import DELAY, ActionError, Graph, RuleId, RunHeader, RunOptions, RunRequest, RunStatus
from pydantic import JsonValue, ValidationError


class RunProgress(NamedTuple):
    """A run, with what the interpreter did among its actions.

    `delays` are those that it waits in, by name, each with its earliest end; `retries` the names of actions that failed
    and may be tried again.
    """

    run: RunView
    delays: Mapping[str, datetime]
    retries: Sequence[str] = ()


def run_progress(run: RunView, now: datetime) -> RunProgress:
    """Return how far a run came; one that ended, or that somebody wants to end, is as it is recorded."""
    if run.status is not RunStatus.RUNNING or run.cancellation is not None:
        return RunProgress(run, {})
    try:
        return _Retelling(run).until(now)
    except ValidationError:  # The event had no id of a row or user, and its data a key of that name that is none.
        return RunProgress(run, {})


class _Retelling:
    """The interpreter, told again what happened; `_due` are the ends of what it has begun, the earliest first."""

    def __init__(self, run: RunView) -> None:
        header = RunHeader(
            execution_id=run.execution_id,
            rule_id=run.rule_id or RuleId(""),
            rule_name=run.rule_name or "",
            event=stored_header(None, run.event_id, run.entity_name, run.trigger_data),
        )
        request = RunRequest(
            run=header, graph=run.graph, options=RunOptions(max_in_flight=1500), trigger_data=run.trigger_data
        )
        self._run = run
        self._known = {action.name: action for action in run.actions}
        self._went_on = _before(run.graph, self._known)
        self._plan = Plan(run.graph)
        self._machine = Machine(self._plan, request)
        self._recorder = Recorder(self._plan)
        self._due: list[tuple[datetime, int]] = []
        self._begun: dict[int, datetime] = {}
        """When each delay began."""

    def until(self, now: datetime) -> RunProgress:
        began = self._run.started or self._run.created
        self._take(self._machine.start(began), began)
        while self._due and self._due[0][0] <= now:
            moment, at = heappop(self._due)
            try:
                self._take(self._ended(at, moment), moment)
            except ValidationError:  # A row that was changed by hand: nothing is told of what comes after it.
                continue
        nodes = self._plan.nodes
        delays = {nodes[at].action.name: end for end, at in sorted(self._due) if nodes[at].kind is Kind.DELAY}
        retries = [action.name for action in self._run.actions if not self._is_final(action)]
        return RunProgress(self._run.model_copy(update={"actions": tuple(self._actions())}), delays, retries)

    def _take(self, commands: Iterable[Command], moment: datetime) -> None:
        for command in commands:
            if isinstance(command, StartTimer):
                self._begun[command.at] = moment
                heappush(self._due, (datetime.fromtimestamp(command.until, UTC), command.at))
            elif isinstance(command, RunAction):
                action = self._plan.nodes[command.at].action
                known = None if action.repeated else self._known.get(action.name)
                if known is not None and known.ended is not None and self._is_final(known):
                    heappush(self._due, (known.ended, command.at))
            elif isinstance(command, Ended):
                self._recorder.note(command, moment, self._begun.get(command.at))

    def _is_final(self, action: ActionView) -> bool:
        """Say whether it is not tried again; what leads to an action that began has ended."""
        return action.name in self._went_on or not (action.error or {}).get("retryable")

    def _ended(self, at: int, moment: datetime) -> Iterable[Command]:
        node = self._plan.nodes[at]
        if node.kind is Kind.DELAY:
            return self._machine.fired(at, moment)
        action = self._known[node.action.name]
        if action.error is not None:
            return self._machine.failed(at, _told(action.error), moment)
        return self._machine.succeeded(at, action.result or {}, moment)

    def _actions(self) -> list[ActionView]:
        """Return what began, in the order in which it did, and what was not to begin."""
        record, nodes = self._recorder.record(RunStatus.RUNNING), self._plan.nodes
        told = [record.actions[at] for at in self._recorder.notes.by_index if nodes[at].action.name not in self._known]
        ended = ended_actions(record.model_copy(update={"actions": tuple(told)}), ())
        delays = [
            ActionView(name=action.name, type=action.type, state="running", started=self._begun[at])
            for _, at in self._due
            if (action := nodes[at].action).type == DELAY
        ]
        actions = [*self._run.actions, *ended, *delays]
        return sorted(actions, key=lambda action: (action.started is None, action.started or self._run.created))


def _before(graph: Graph, began: Iterable[str]) -> set[str]:
    """Return what leads to actions that began: all of it has ended."""
    sources: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.source is not None:
            sources.setdefault(edge.target, []).append(edge.source)
    found, left = set[str](), list(began)
    while left:
        more = [source for source in sources.pop(left.pop(), ()) if source not in found]
        found.update(more)
        left += more
    return found


def _told(error: Mapping[str, JsonValue]) -> ActionError:
    said = str(error.get("message")), str(error.get("type")), error.get("retryable") is True
    return ActionError(said[0], type=said[1], retryable=said[2])
