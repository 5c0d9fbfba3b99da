"""Drives the machine where actions ask: replies come early, late, twice, after errors and in place of a time-out."""

from collections.abc import Callable
from random import Random

from ichor_executor import CloseQuestion, Command, Machine, StartTimer, State
from ichor_models import ActionError, Asked, Case, Reply, ReplyError, Rule
from pydantic import TypeAdapter

from .driver import Driver

_STATE = TypeAdapter(State)
MOST = 3


class AskingDriver(Driver):
    """Every action in flight may ask before it ends as the case says; which is up to chance.

    With `reload` the machine is saved as JSON and loaded anew before each step.
    """

    def __init__(self, rule: Rule, case: Case, random: Random, *, reload: bool = False) -> None:
        super().__init__(rule, case, reload=reload)
        self._random = random
        self._timers: dict[int, float] = {}
        self._asks: dict[int, int] = {}
        self._closing: list[CloseQuestion] = []
        self.asked = 0

    def play(self) -> "AskingDriver":
        """Run to the end, each step drawn from what can happen next."""
        self._take(self.machine.start(self.case.now))
        while self.status is None:
            if self.reload:
                self._load_anew()
            steps: list[Callable[[], list[Command]]] = [
                *(lambda index=index: self._step(index) for index in self.in_flight),
                *(lambda index=index: self._fire(index) for index in self._timers),
                *(lambda index=index: self._reply(index) for index in self._timers),
                *(lambda close=close: self._close(close) for close in self._closing),
            ]
            self._take(self._random.choice(steps)())
        return self

    def _take(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, StartTimer):
                self._timers[command.at] = command.until
            elif isinstance(command, CloseQuestion):
                self._closing.append(command)
        super()._take([item for item in commands if not isinstance(item, (StartTimer, CloseQuestion))])
        for index in [index for index in self._timers if self._name(index) in self.states]:
            del self._timers[index]

    def _load_anew(self) -> None:
        self.machine = Machine(self.plan, self.request, _STATE.validate_json(_STATE.dump_json(self.machine.state)))
        self._timers.clear()
        self._closing.clear()
        self._take(self.machine.resume(self.case.now))

    def _step(self, index: int) -> list[Command]:
        """End an action in flight, let it ask, or let its reply come before it is known that it asked."""
        drawn = self._random.random()
        if drawn < 0.3:
            self.in_flight.remove(index)
            return self._finish(index)
        if drawn < 0.8:
            self.in_flight.remove(index)
            self.asked += 1
            return self.machine.asked(index, Asked(until=0, most=MOST, pause=1), self.case.now)
        commands = self._reply(index)
        if self._name_ended(commands, index):
            self.in_flight.remove(index)
        return commands

    def _name_ended(self, commands: list[Command], index: int) -> bool:
        return any(getattr(command, "at", None) == index and hasattr(command, "ending") for command in commands)

    def _reply(self, index: int) -> list[Command]:
        """Answer as the case says, sometimes after a stale notice or an error that lets it ask again."""
        ask = self._ask(index)
        assert self.machine.replied(index, ask + 5, Reply(result={"stale": True}), self.case.now) == []
        if ask < MOST and self._random.random() < 0.3:
            return self.machine.replied(index, ask, _error("busy", retryable=True), self.case.now)
        return self.machine.replied(index, ask, self._answer(index), self.case.now)

    def _answer(self, index: int) -> Reply:
        action = self.plan.nodes[index].action
        try:
            return Reply(result=self.case.answer(action.name, action.type, {}))
        except ActionError as error:
            return _error(error.message, retryable=False)

    def _fire(self, index: int) -> list[Command]:
        del self._timers[index]
        return self.machine.fired(index, self.case.now)

    def _close(self, close: CloseQuestion) -> list[Command]:
        """A reply was there after all; the notice of it may come as well."""
        self._closing.remove(close)
        commands = self.machine.replied(close.at, close.ask, self._answer(close.at), self.case.now)
        assert self.machine.replied(close.at, close.ask, self._answer(close.at), self.case.now) == []
        return commands

    def _ask(self, index: int) -> int:
        state = self.machine.state
        pending = state.pending.get(index)
        return pending.ask if pending and not pending.asks_again else state.asks.get(index, 1)


def _error(message: str, *, retryable: bool) -> Reply:
    return Reply(error=ReplyError(message=message, retryable=retryable))
