"""One run: it performs what the machine asks for, with activities and timers, and tells it what became of them."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.workflow import ActivityCancellationType

from ichor_executor.temporal.recording import close_question, drop_questions, record_end, record_start, shielded

with workflow.unsafe.imports_passed_through():
    from ichor_models import ActionCall, Asked, Reply, ReplyNotice, RunRecord, RunRequest, RunStatus

    from ichor_executor.command import (
        CancelAction,
        CloseQuestion,
        Command,
        DropQuestions,
        Ended,
        EndRun,
        RunAction,
        StartTimer,
    )
    from ichor_executor.machine import Machine
    from ichor_executor.plan import Kind, Plan
    from ichor_executor.recorder import Recorder
    from ichor_executor.stop import Stop
    from ichor_executor.temporal.activity_options import activity_options
    from ichor_executor.temporal.continuation import Continuation
    from ichor_executor.temporal.failure import action_error, is_own_word
    from ichor_executor.temporal.outgoing import Outgoing
    from ichor_executor.temporal.run_input import Carried, RunInput
    from ichor_executor.temporal.summary import summary_of

STOP = "ichor.stop"
"""The reason of a cancel without cleanup, and the signal that ends a cleanup; only beside Temporal's cancel."""
LONGEST_CLEANUP = timedelta(hours=1)
"""How long cleanup may take after a run was stopped."""
_CLOSED_AT_ONCE = 100
"""How many questions are closed at a time: beside at most 1,500 actions, and Temporal allows 2,000 activities."""
_WAITED_FOR = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED

type Tell = Callable[[int, asyncio.Task[Any], datetime], list[Command]]
"""Tells the machine what became of the task of an action."""


class GraphRun:
    """Drives the machine of one run, until the run ends, is stopped, or is due to be continued as new."""

    def __init__(self, plan: Plan, request: RunRequest, carried: Carried | None) -> None:
        self._plan = plan
        self._request = request
        self._carried = carried
        self._machine = Machine(plan, request, carried.state if carried else None)
        self._recorder = Recorder(plan, carried.notes if carried else None)
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._started: dict[int, datetime] = {}
        self._inbox: deque[Callable[[datetime], list[Command]]] = deque()
        self._status: RunStatus | None = None
        self._ends_at = _deadline(request, carried)
        self._deadline: asyncio.Task[None] | None = None
        self._was_cancelled = False
        self._notices: dict[asyncio.Task[Any], None] = {}
        self._closings = asyncio.Semaphore(_CLOSED_AT_ONCE)
        self._outgoing = Outgoing(self._start)
        self._continuation = Continuation(request.events_per_run)
        self._has_heard = False
        self._unasked: dict[int, int] = {}

    async def to_its_end(self) -> RunRecord:
        """Return the record of how the run ended, which is written down by then."""
        started = self._record_start()
        await self._drive(started)
        self._cancel_all()
        await shielded(started)
        if self._status is None:
            workflow.continue_as_new(RunInput(request=self._request, carried=self._carry()))
        record = self._recorder.record(self._status, self._machine.stopped)
        await shielded(record_end(self._request.run.execution_id, record))
        return record

    def _record_start(self) -> asyncio.Task[None]:
        """Write down that the run started, beside its first actions; a run that is continued has done so."""
        return asyncio.create_task(_nothing() if self._carried else record_start(self._request.run.execution_id))

    async def _drive(self, started: asyncio.Task[None]) -> None:
        """Go on until the run ends, or is due to be continued as new; what cancels the workflow stops the run."""
        self._watch_deadline()
        start = self._machine.resume if self._carried else self._machine.start
        self._perform(start(workflow.now()))
        while self._status is None and not self._may_continue(started):
            try:
                await workflow.wait_condition(lambda: self._has_to_act() or self._may_continue(started))
            except asyncio.CancelledError:
                self._was_cancelled = True  # What ended just before is heard first.
            else:
                self._act()
                self._drop_unasked()
                self._outgoing.flush()

    def _has_to_act(self) -> bool:
        is_over = self._was_cancelled or self._expired()
        return is_over or bool(self._inbox) or self._outgoing.is_due or self._continuation.is_over

    def _act(self) -> None:
        if self._expired():
            self._stop(Stop.DEADLINE)
        elif self._was_cancelled:
            self._was_cancelled = False
            self._stop(Stop.CANCELLED)
        else:
            self._listen()

    def _listen(self) -> None:
        """Hear what ended. Where it is time to continue as new, nothing more starts if that makes a quiet point."""
        self._continuation.look()
        if self._continuation.is_welcome:
            self._machine.hold()
        self._hear_all()
        if self._machine.held and not self._is_quiet() and not self._continuation.is_pressing:
            self._perform(self._machine.release(workflow.now()))

    def _hear_all(self) -> None:
        while self._inbox:
            self._has_heard = True
            self._perform(self._inbox.popleft()(workflow.now()))

    def _stop(self, why: Stop) -> None:
        """Stop the run, unless what ended until now was its end; once more only a deadline does, that of cleanup."""
        first = self._machine.stopped is None
        if not first and why is not Stop.DEADLINE:
            return
        self._machine.hold()
        self._hear_all()
        if self._status is None:
            cleanup = first and workflow.cancellation_reason() != STOP
            self._perform(self._machine.stop(why, workflow.now(), cleanup=cleanup))
            self._limit_cleanup(why)

    def _limit_cleanup(self, why: Stop) -> None:
        end = workflow.now() + LONGEST_CLEANUP
        self._ends_at = min(self._ends_at, end) if self._ends_at and why is Stop.CANCELLED else end
        if self._status is None:
            self._watch_deadline()

    def stop_at_once(self) -> None:
        """End the run without cleanup, also one that is cleaning up."""
        self._inbox.append(partial(self._machine.stop, Stop.CANCELLED, cleanup=False))

    def _perform(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, Ended):
                self._note(command)
            elif isinstance(command, EndRun):
                self._status = command.status
            elif isinstance(command, RunAction):
                self._outgoing.put(command.at, self._call(command))
            elif isinstance(command, CancelAction):
                self._cancel(command.at)
            elif isinstance(command, DropQuestions):
                self._notify(self._drop(command))
            elif isinstance(command, CloseQuestion):
                self._watch(command.at, self._notify(self._close(command)), partial(self._closed, command.ask))
            else:
                self._watch(command.at, self._timer(command), self._fired)

    def _note(self, ended: Ended) -> None:
        """Write down the end of an action; what is still under way for it, as the timer of a question, is over."""
        self._recorder.note(ended, workflow.now(), self._started.pop(ended.at, None))
        task = self._tasks.pop(ended.at, None)
        if task is not None:
            task.cancel()
        else:
            self._outgoing.drop(ended.at)

    def _cancel(self, at: int) -> None:
        """Ask an action to stop; one that was not sent yet has."""
        if self._outgoing.drop(at):
            self._inbox.append(partial(self._machine.withdrawn, at))
        else:
            self._tasks[at].cancel()

    def _call(self, command: RunAction) -> ActionCall:
        action = self._plan.nodes[command.at].action
        return ActionCall(
            run=self._request.run,
            key=action.key,
            name=action.name,
            type=action.type,
            config=command.config,
            secrets=command.secrets,
            max_attempts=action.options.max_attempts,
            backoff=action.options.backoff,
            ask=command.ask,
            reads=tuple(self._plan.read_of[command.at]),
            largest=self._plan.largest(command.at),
            stored=command.stored,
        )

    def _start(self, at: int, call: ActionCall) -> None:
        node = self._plan.nodes[at]
        activity = workflow.start_activity(
            call.type,
            call,
            result_type=dict,
            cancellation_type=_WAITED_FOR if node.cleaned_up else ActivityCancellationType.TRY_CANCEL,
            **activity_options(node.action, at),
        )
        self._watch(at, activity, partial(self._acted, call.ask))

    def _timer(self, command: StartTimer) -> asyncio.Task[None]:
        node = self._plan.nodes[command.at]
        if node.kind is Kind.DELAY:
            self._started[command.at] = workflow.now()
        pause = timedelta(seconds=max(0.0, command.until - workflow.now().timestamp()))
        return asyncio.create_task(workflow.sleep(pause, summary=summary_of(node.action.name)))

    async def _close(self, command: CloseQuestion) -> Reply | None:
        async with self._closings:
            key = self._plan.nodes[command.at].action.key
            return await close_question(self._request.run.execution_id, key, command.ask)

    def _notify[T](self, notice: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Tell the store something, without which the run is not continued as new."""
        task = asyncio.create_task(notice)
        self._notices[task] = None
        task.add_done_callback(self._notices.pop)
        return task

    async def _drop(self, command: DropQuestions) -> None:
        asks = [(self._plan.nodes[at].action.key, ask) for at, ask in command.asks]
        await drop_questions(self._request.run.execution_id, asks)

    def hear(self, notice: ReplyNotice) -> None:
        """Take the reply to a question of this run; one that names no action of it changes nothing."""
        index = self._plan.by_key.get(notice.action_key)
        if index is not None:
            self._inbox.append(partial(self._machine.replied, index, notice.ask, notice.reply))

    def _watch(self, index: int, task: asyncio.Task[Any], tell: Tell) -> None:
        """Follow what is done for an action; the timer of a question is over where it is asked again."""
        if (before := self._tasks.get(index)) is not None:
            before.cancel()
        self._tasks[index] = task
        task.add_done_callback(lambda done: self._inbox.append(partial(self._tell, index, done, tell)))

    def _tell(self, index: int, task: asyncio.Task[Any], tell: Tell, now: datetime) -> list[Command]:
        """Tell the machine what became of a task, unless its action ended meanwhile."""
        if self._tasks.get(index) is not task:
            _leave(task)
            return []
        del self._tasks[index]
        return tell(index, task, now)

    def _acted(self, ask: int, index: int, task: asyncio.Task[dict[str, Any]], now: datetime) -> list[Command]:
        error = asyncio.CancelledError("The action was cancelled.") if task.cancelled() else task.exception()
        if error is not None:
            if not is_own_word(error):  # Then it had no time to close what it asked.
                self._unasked[index] = ask
            return self._machine.failed(index, action_error(error), now)
        asked = Asked.of(task.result())
        if asked is not None:
            return self._machine.asked(index, asked, now)
        return self._machine.succeeded(index, task.result(), now)

    def _drop_unasked(self) -> None:
        """Close what failed actions may have asked, all of it at once: a run may have 2,000 activities under way."""
        if self._unasked and self._status is None:  # The end of a run closes all.
            self._notify(self._drop(DropQuestions(tuple(self._unasked.items()))))
        self._unasked.clear()

    def _fired(self, index: int, task: asyncio.Task[None], now: datetime) -> list[Command]:
        return self._machine.fired(index, now)

    def _closed(self, ask: int, index: int, task: asyncio.Task[Reply | None], now: datetime) -> list[Command]:
        reply = task.result()
        if reply is None:
            return self._machine.expired(index, ask, now)
        return self._machine.replied(index, ask, reply, now)

    def _may_continue(self, started: asyncio.Task[None]) -> bool:
        """Say whether to continue as new now: it is time, this run has come further, and nothing is in flight."""
        is_idle = not self._inbox and not self._was_cancelled and started.done() and self._is_quiet()
        return self._has_heard and is_idle and self._continuation.is_welcome

    def _is_quiet(self) -> bool:
        return self._machine.quiet and not self._notices

    def _carry(self) -> Carried:
        return Carried(self._machine.state, self._recorder.notes, self._ends_at)

    def _watch_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self._ends_at is not None:
            pause = max(timedelta(), self._ends_at - workflow.now())
            self._deadline = asyncio.create_task(workflow.sleep(pause, summary="deadline of the run"))

    def _expired(self) -> bool:
        return self._deadline is not None and self._deadline.done()

    def _cancel_all(self) -> None:
        """Cancel what is under way; what it would still say is not heard."""
        self._outgoing.cancel()
        self._continuation.cancel()
        for task in [*self._tasks.values(), *self._notices, *([self._deadline] if self._deadline else [])]:
            task.cancel()
            task.add_done_callback(_leave)


def _deadline(request: RunRequest, carried: Carried | None) -> datetime | None:
    if carried is not None:
        return carried.deadline
    limit = request.options.deadline
    return workflow.info().start_time + limit if limit else None


async def _nothing() -> None:
    return


def _leave(task: asyncio.Task[Any]) -> None:
    """Take no notice of how a task ended; else its error is logged as one that was never retrieved."""
    if not task.cancelled():
        task.exception()
