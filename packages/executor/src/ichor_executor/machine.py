"""The interpreter: a state machine without I/O, clock, asyncio or Temporal.

It is told what ended and answers with what to do next (command.py). The law (semantics.md):

* Every edge is resolved exactly once (resolution.py); an action is settled when all of its incoming edges are, and then
  blocked if one is broken, else run if one is taken, else skipped.
* Ready actions start in their order, and only so many at once (ready_queue.py).
* An action that asked ends with its reply. A question ends once: with the reply, or closed when its time is over. What
  is told of another question, or of one that ended, changes nothing.
* A run ends when every action has its final state. It is `completed` without an unhandled failure, else `partial` if a
  path ran to its end untouched by one, else `failed`.
* A stopped run ends what is under way, and follows only the `always` edges out of that. What has not begun and such an
  edge reaches, or reached before, runs (cleanup), and what comes after it as usual; all else is cancelled, also what a
  broken edge blocks. An action with an `always` edge is asked to stop and waited for, so that cleanup comes after it.

Its state can be saved between any two steps (`state`) and loaded into a new machine, which goes on alike.
"""

from collections import deque
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta

from ichor_models import (
    ActionError,
    ActionType,
    Asked,
    ConditionConfig,
    ConfigError,
    DelayConfig,
    Edge,
    EdgeType,
    Reply,
    ReplyError,
    RunRequest,
    StoredResult,
    TemplateError,
    always_there,
    delay_result,
)
from ichor_models.control import CONTROL_TYPES
from pydantic import JsonValue

from ichor_executor import resolution
from ichor_executor.command import CloseQuestion, Command, DropQuestions, Ended, EndRun, RunAction, StartTimer
from ichor_executor.errors import NotUnderWay
from ichor_executor.halt import halt
from ichor_executor.plan import Kind, Node, Plan
from ichor_executor.ready_queue import ReadyQueue
from ichor_executor.resolution import BLOCKED, CANCELLED, PASSED, SKIPPED, STOPPED, Ending, Resolution
from ichor_executor.scope import Scope
from ichor_executor.state import Frontier, Kept, Pending, State, Wait
from ichor_executor.stop import Stop

_FIRST = -(2**31)
"""The order of what was ready before."""
_CONTROL: dict[str, ActionType] = {item.name: item for item in CONTROL_TYPES}

type Result = dict[str, JsonValue]


class Machine:
    """One run. Each method tells it one thing and returns the commands that follow, in the order to be done."""

    def __init__(self, plan: Plan, request: RunRequest, state: State | None = None) -> None:
        self._plan = plan
        self._request = request
        self._state = deepcopy(state) if state else State(left=len(plan.nodes))
        self._ready = ReadyQueue(request)
        self._settled: deque[tuple[int, Frontier]] = deque()
        self._out: list[Command] = []
        self._there: Result = {}
        self._now = datetime.min
        for ready in self._state.ready:
            self._ready.put(plan.nodes[ready.index], ready.order, ready.clean, cleanup=ready.cleanup)
        self._state.ready = []

    @property
    def state(self) -> State:
        """Return a copy of the state as it is between two steps."""
        return replace(deepcopy(self._state), ready=list(self._ready))

    @property
    def quiet(self) -> bool:
        """Say whether no action is in flight; delays and questions may be open."""
        return not self._state.running

    def start(self, now: datetime) -> list[Command]:
        """Take the start edges; an action that no edge leads to is skipped."""
        for node in self._plan.nodes:
            if node.incoming == 0:
                self._settled.append((node.index, Frontier(0)))
        for target, edge in self._plan.starts:
            self._meet(target, edge, Resolution.TAKEN, clean=True)
        return self._go_on(now)

    def resume(self, now: datetime) -> list[Command]:
        """Go on from a loaded state: delays and questions get their timers again, then what is ready starts."""
        open_ones: dict[int, Wait | Pending] = {**self._state.waiting, **self._state.pending}
        self._out.extend(StartTimer(index, wait.until) for index, wait in sorted(open_ones.items()))
        return self._go_on(now)

    def succeeded(self, index: int, result: Result, now: datetime) -> list[Command]:
        """Take the result of an action in flight."""
        self._end(index, resolution.completed(result), self._landed(index), result=result)
        return self._go_on(now)

    def failed(self, index: int, error: ActionError, now: datetime) -> list[Command]:
        """Take the error of an action in flight; one that was asked to stop ends cancelled by it."""
        if index in self._state.stopping:
            self._end(index, CANCELLED, self._landed(index))
        else:
            self._fail(self._plan.nodes[index], error, self._landed(index))
        return self._go_on(now)

    def withdrawn(self, index: int, now: datetime) -> list[Command]:
        """Take that an action in flight, asked to stop, was not sent: it had not begun, unless it asked before."""
        self._state.stopping -= {index} - self._state.asks.keys()
        self._end(index, CANCELLED, self._landed(index))
        return self._go_on(now)

    def asked(self, index: int, asked: Asked, now: datetime) -> list[Command]:
        """Take that an action in flight waits for a reply; it is no longer in flight."""
        ask, clean, until = self._state.ask(index), self._landed(index), max(asked.until, now.timestamp())
        if index in self._state.stopping:
            self._out.append(DropQuestions(((index, ask),)))
            self._end(index, CANCELLED, clean)
            return self._go_on(now)
        self._state.pending[index] = Pending(until, clean, ask, asked.most, asked.pause, asked.on_timeout)
        early = self._state.early.pop(index, None)
        if early is not None:
            error = ReplyError(message=early[0], type=early[1], retryable=True)
            return self.replied(index, ask, Reply(error=error), now)
        self._out.append(StartTimer(index, until))
        return self._go_on(now)

    def replied(self, index: int, ask: int, reply: Reply, now: datetime) -> list[Command]:
        """Take the reply to a question, which may come before it is known that the action asked."""
        if not self._state.waits_for(index, ask):
            return []
        pending = self._state.pending.pop(index, None)
        if reply.error is not None and reply.error.retryable and pending is None:
            self._state.early[index] = (reply.error.message, reply.error.type)
        elif reply.error is not None and reply.error.retryable and pending is not None and ask < pending.most:
            self._pause(index, pending, now)
        else:
            self._hear(index, reply, pending.clean if pending else self._landed(index))
        return self._go_on(now)

    def expired(self, index: int, ask: int, now: datetime) -> list[Command]:
        """Take that a question was closed without a reply."""
        pending = self._state.pending.get(index)
        if pending is None or pending.ask != ask or pending.asks_again:
            return []
        del self._state.pending[index]
        if pending.on_timeout is not None:
            self._end(index, resolution.completed(pending.on_timeout), pending.clean, result=pending.on_timeout)
        else:
            error = ActionError("No reply came in time.", type="timeout", retryable=True)
            self._fail(self._plan.nodes[index], error, pending.clean)
        return self._go_on(now)

    def fired(self, index: int, now: datetime) -> list[Command]:
        """Take the end of a timer: of a delay, of the time for a reply, or of the pause before the next question."""
        if (pending := self._state.pending.get(index)) is not None:
            if pending.asks_again:
                del self._state.pending[index]
                self._ready.put(self._plan.nodes[index], _FIRST, pending.clean)
            else:
                self._out.append(CloseQuestion(index, pending.ask))
            return self._go_on(now)
        wait = self._state.waiting.pop(index, None)
        if wait is None:
            raise NotUnderWay(f"No delay is open at {self._plan.nodes[index].action.name!r}.")
        result = delay_result(timedelta(seconds=wait.seconds))
        self._end(index, resolution.completed(result), wait.clean, result=result)
        return self._go_on(now)

    def hold(self) -> None:
        """Start no further action or delay, so that the run comes to a quiet point and can be continued as new."""
        self._ready.held = True

    @property
    def held(self) -> bool:
        """Say whether nothing more is started, but conditions."""
        return self._ready.held

    def release(self, now: datetime) -> list[Command]:
        """Go on after `hold`."""
        self._ready.held = False
        return self._go_on(now)

    @property
    def stopped(self) -> Stop | None:
        """Say why the run was stopped, None where it was not."""
        return self._state.stopped

    def stop(self, why: Stop, now: datetime, *, cleanup: bool = True) -> list[Command]:
        """End what is under way and start only cleanup; without `cleanup` end all at once, also what cleans up.

        It undoes `hold`. The first stop says how the run ends; a second one with `cleanup` changes nothing.
        """
        if self._state.left == 0 or (self._state.stopped is not None and cleanup):
            return []
        self._ready.held = False
        self._state.stopped = self._state.stopped or why
        ended, self._state.stopping, commands = halt(self._plan, self._state, cleanup=cleanup)
        self._out.extend(commands)
        for at in ended:
            self._end(at, STOPPED if cleanup else CANCELLED, clean=False)
        for at in self._ready.stop(cleanup=cleanup):  # What was to ask again had begun.
            self._end(at, STOPPED if cleanup and at in self._state.asks else CANCELLED, clean=False)
        return self._go_on(now)

    def _pause(self, index: int, pending: Pending, now: datetime) -> None:
        """Wait a while before the question is asked again."""
        until = now.timestamp() + pending.next_pause
        self._state.asks[index] = pending.ask + 1
        self._state.pending[index] = replace(pending, until=until, asks_again=True)
        self._out.append(StartTimer(index, until))

    def _hear(self, index: int, reply: Reply, clean: bool) -> None:
        """End an action with the reply to its question."""
        if reply.error is not None:
            error = ActionError(reply.error.message, type=reply.error.type, retryable=reply.error.retryable)
            self._fail(self._plan.nodes[index], error, clean)
        else:
            result = reply.result or {}
            self._end(index, resolution.completed(result), clean, result=result)

    def _landed(self, index: int) -> bool:
        if index not in self._state.running:
            raise NotUnderWay(f"The action {self._plan.nodes[index].action.name!r} is not in flight.")
        return self._state.running.pop(index)

    def _go_on(self, now: datetime) -> list[Command]:
        """Settle what can be settled and start what may start, until nothing moves."""
        if now != self._now:
            self._now = now
            self._there = always_there(self._request.run, self._request.clock or now)
        settled, ready = self._settled, self._ready
        while True:
            if settled:
                self._settle_next()
            elif (rank := ready.take(self._state)) is not None:
                self._start_one(self._plan.nodes[rank[2]], rank[3])
            else:
                break
        if self._state.left == 0:
            self._out.append(EndRun(self._state.status))
        out, self._out = self._out, []
        return out

    def _settle_next(self) -> None:
        index, met = self._settled.popleft()
        if met.broken:
            self._end(index, CANCELLED if self._state.stopped else BLOCKED, clean=False)
        elif self._state.stopped and not met.cleanup and (met.dropped or met.order is not None):
            self._end(index, CANCELLED, clean=False)
        elif met.order is None:
            self._end(index, SKIPPED, clean=False)
        else:
            self._ready.put(self._plan.nodes[index], met.order, met.clean, cleanup=met.cleanup)

    def _start_one(self, node: Node, clean: bool) -> None:
        if not node.action.is_active:
            self._end(node.index, PASSED, clean)
            return
        config: Result | None = None
        try:
            if node.action.problem is not None:
                raise ConfigError(node.action.problem)
            scope = Scope(self._plan, node, self._state.results, self._request, self._there)
            resolved = node.config.resolve(scope)
            config = resolved.config
            if node.kind is Kind.CONDITION:
                config = _CONTROL[node.action.type].fit(resolved.whole())
                result = ConditionConfig.model_validate(config).evaluate(scope)
                self._end(node.index, resolution.completed(result), clean, config=config, result=result)
            elif node.kind is Kind.DELAY and not self._request.case:
                config = _CONTROL[node.action.type].fit(resolved.whole())
                self._wait(node.index, DelayConfig.model_validate(config).duration, clean)
            else:
                self._state.running[node.index] = clean
                self._out.append(RunAction(node.index, *resolved, self._state.ask(node.index)))
        except TemplateError as error:
            self._fail(node, ActionError(str(error), type="template"), clean, config)
        except ConfigError as error:
            self._fail(node, error, clean, config)

    def _wait(self, index: int, duration: timedelta, clean: bool) -> None:
        until = (self._now + duration).timestamp()
        self._state.waiting[index] = Wait(until, duration.total_seconds(), clean)
        self._out.append(StartTimer(index, until))

    def _fail(self, node: Node, error: ActionError, clean: bool, config: Result | None = None) -> None:
        result: Result = {"error": error.as_json(), "output": "failure"}
        self._state.failed |= not node.handled
        self._end(node.index, resolution.failed(handled=node.handled), clean, config=config, result=result)

    def _end(
        self, index: int, ending: Ending, clean: bool, *, config: Result | None = None, result: Result | None = None
    ) -> None:
        """Bring an action to its final state and resolve its outgoing edges."""
        node, state = self._plan.nodes[index], self._state
        state.left -= 1
        state.asks.pop(index, None)
        state.early.pop(index, None)
        if index in state.stopping:
            state.stopping.remove(index)
            ending = ending._replace(stopped=True)
        self._out.append(Ended(index, ending, config, result))
        if result is not None and self._plan.readers[index]:
            stored = StoredResult.of(result)
            state.results[index] = Kept({} if stored else result, self._plan.readers[index], stored)
        clean = clean and not ending.unhandled
        went_on = False
        for target, edge in node.outgoing:
            resolved = resolution.resolve(ending, edge)
            went_on = went_on or resolved is Resolution.TAKEN
            self._meet(target, edge, resolved, clean=clean, dropped=ending is CANCELLED)
        state.clean_end |= clean and not went_on
        self._forget(node)

    def _meet(self, index: int, edge: Edge, resolved: Resolution, *, clean: bool, dropped: bool = False) -> None:
        """Note how an edge into an action was resolved; settle the action with its last one."""
        frontier = self._state.frontier
        met = frontier.pop(index, None) or Frontier(self._plan.nodes[index].incoming)
        met.unresolved -= 1
        met.dropped |= dropped
        if resolved is Resolution.BROKEN:
            met.broken = True
        elif resolved is Resolution.TAKEN:
            met.order = edge.order if met.order is None else min(met.order, edge.order)
            met.clean = met.clean and clean
            met.cleanup |= edge.type is EdgeType.ALWAYS or self._state.stopped is not None
        if met.unresolved:
            frontier[index] = met
        else:
            self._settled.append((index, met))

    def _forget(self, node: Node) -> None:
        """Drop the results that nobody can refer to any more."""
        for index in node.reads:
            kept = self._state.results.get(index)
            if kept is not None:
                kept.readers -= 1
                if kept.readers == 0:
                    del self._state.results[index]
