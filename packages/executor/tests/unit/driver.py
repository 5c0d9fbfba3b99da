"""Drives the machine by hand: the test decides which action in flight ends next."""

from collections.abc import Callable

from ichor_executor import Command, Ended, EndRun, Machine, Plan, RunAction, StartTimer, State
from ichor_models import ActionError, ActionState, Case, Rule, RunStatus
from pydantic import TypeAdapter

_STATE = TypeAdapter(State)


class Driver:
    """One run of a case. With `reload` the machine is saved as JSON and loaded anew before each step."""

    def __init__(self, rule: Rule, case: Case, *, reload: bool = False) -> None:
        self.case = case
        self.request = case.request(rule)
        self.plan = Plan(self.request.graph)
        self.machine = Machine(self.plan, self.request)
        self.reload = reload
        self.in_flight: list[int] = []
        self.most_in_flight = 0
        self.log: list[Command] = []
        self.states: dict[str, ActionState] = {}
        self.results: dict[str, object] = {}
        self.configs: dict[str, object] = {}
        self.status: RunStatus | None = None

    def run(self, choose: Callable[[int], int]) -> "Driver":
        """Run to the end; `choose(n)` picks which of n actions in flight ends next."""
        self._take(self.machine.start(self.case.now))
        while self.in_flight:
            self._save_and_load()
            self._take(self._finish(self.in_flight.pop(choose(len(self.in_flight)))))
        return self

    def _save_and_load(self) -> None:
        if self.reload:
            saved = _STATE.dump_json(self.machine.state)
            self.machine = Machine(self.plan, self.request, _STATE.validate_json(saved))
            assert self.machine.resume(self.case.now) == []

    def _finish(self, index: int) -> list[Command]:
        action = self.plan.nodes[index].action
        try:
            result = self.case.answer(action.name, action.type, {})
        except ActionError as error:
            return self.machine.failed(index, error, self.case.now)
        return self.machine.succeeded(index, result, self.case.now)

    def _take(self, commands: list[Command]) -> None:
        self.log.extend(commands)
        for command in commands:
            assert not isinstance(command, StartTimer)
            assert self.status is None, "nothing follows the end of a run"
            if isinstance(command, RunAction):
                self.in_flight.append(command.at)
                self.configs[self._name(command.at)] = command.config
            elif isinstance(command, Ended):
                assert self._name(command.at) not in self.states, "an action ends once"
                self.states[self._name(command.at)] = command.ending.state
                self.results[self._name(command.at)] = command.result
            elif isinstance(command, EndRun):
                self.status = command.status
            else:
                raise AssertionError(f"nobody asked here: {command}")
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight))

    def _name(self, index: int) -> str:
        return self.plan.nodes[index].action.name
