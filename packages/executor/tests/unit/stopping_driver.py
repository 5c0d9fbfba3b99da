"""Drives the machine of a run that is stopped after some steps."""

from collections.abc import Callable

from ichor_executor import CancelAction, Command, DropQuestions, EndRun, Stop
from ichor_models import ActionError, ActionState, Case, Rule

from .driver import Driver


class StoppingDriver(Driver):
    """A run that is stopped after so many steps, if it has not ended by then, and a second time after `again` more.

    What is asked to stop completes all the same where `completes` says so, else it is cancelled.
    """

    def __init__(
        self,
        rule: Rule,
        case: Case,
        steps: int,
        *,
        completes: Callable[[str], bool] = lambda _: False,
        again: int | None = None,
        reload: bool = False,
    ) -> None:
        super().__init__(rule, case, reload=reload)
        self._steps = steps
        self._again = again
        self._completes = completes
        self._asked: set[int] = set()
        self.before: dict[str, ActionState] | None = None
        self.under_way: dict[str, ActionState] = {}
        self.at_stop: list[Command] = []

    def run(self, choose: Callable[[int], int]) -> "StoppingDriver":
        self._take(self.machine.start(self.case.now))
        steps = 0
        while self.in_flight:
            self._save_and_load()
            if steps == self._steps:
                self._stop()
            elif self._again is not None and steps == self._steps + self._again:
                self._take(self.machine.stop(Stop.DEADLINE, self.case.now, cleanup=False))
                assert self.status is not None
                self.in_flight.clear()
            else:
                self._take(self._finish(self.in_flight.pop(choose(len(self.in_flight)))))
            steps += 1
        return self

    def _stop(self) -> None:
        self.before = dict(self.states)
        running = list(self.in_flight)
        self.at_stop = self.machine.stop(Stop.CANCELLED, self.case.now)
        self._asked = {command.at for command in self.at_stop if isinstance(command, CancelAction)}
        self._take([command for command in self.at_stop if not isinstance(command, CancelAction | DropQuestions)])
        self.in_flight = [at for at in self.in_flight if self._name(at) not in self.states]
        for at in running:
            done = at in self._asked and self._completes(self._name(at))
            self.under_way[self._name(at)] = ActionState.COMPLETED if done else ActionState.CANCELLED

    def _finish(self, index: int) -> list[Command]:
        if index not in self._asked:
            return super()._finish(index)
        if self._completes(self._name(index)):
            return self.machine.succeeded(index, {}, self.case.now)
        return self.machine.failed(index, ActionError("stopped", type="CancelledError"), self.case.now)


def ends_at_once(commands: list[Command]) -> bool:
    """Say whether these commands end the run."""
    return any(isinstance(command, EndRun) for command in commands)
