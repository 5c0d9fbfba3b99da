"""Runs a case through the machine with no Temporal, no database and no clock."""

from collections import deque

from ichor_models import ActionError, ActionOutcome, ActionState, Case, Catalogue, Outcome, Rule, RunStatus

from ichor_executor.command import Command, Ended, EndRun, RunAction
from ichor_executor.machine import Machine, Result
from ichor_executor.plan import Plan
from ichor_executor.resolution import Ending

_RAN = {ActionState.COMPLETED, ActionState.FAILED, ActionState.PASSED}


def simulate(rule: Rule, case: Case, catalogue: Catalogue) -> Outcome:
    """Return how a run of the case ends; actions finish in the order in which they start.

    Raises:
        InvalidDocument: the case does not fit the rule.
    """
    return _Simulation(rule, case, catalogue).run()


class _Simulation:
    def __init__(self, rule: Rule, case: Case, catalogue: Catalogue) -> None:
        request = case.request(rule)
        self._case = case
        self._catalogue = catalogue
        self._plan = Plan(request.graph)
        self._machine = Machine(self._plan, request)
        self._configs: dict[int, Result] = {}
        self._endings: list[tuple[int, Ending, Result | None]] = []
        self._status = RunStatus.RUNNING

    def run(self) -> Outcome:
        waiting: deque[RunAction] = deque()
        self._take(self._machine.start(self._case.now), waiting)
        while waiting:
            self._take(self._answer(waiting.popleft()), waiting)
        return self._outcome()

    def _take(self, commands: list[Command], waiting: deque[RunAction]) -> None:
        for command in commands:
            if isinstance(command, RunAction):
                waiting.append(command)
            elif isinstance(command, Ended):
                if command.config is not None:
                    self._configs[command.at] = command.config
                self._endings.append((command.at, command.ending, command.result))
            elif isinstance(command, EndRun):
                self._status = command.status

    def _answer(self, asked: RunAction) -> list[Command]:
        action = self._plan.nodes[asked.at].action
        self._configs[asked.at] = asked.config
        try:
            config = self._case.fit(self._catalogue, action.type, asked.config)
            self._configs[asked.at] = config
            result = self._case.answer(action.name, action.type, config)
        except ActionError as error:
            return self._machine.failed(asked.at, error, self._case.now)
        return self._machine.succeeded(asked.at, result, self._case.now)

    def _outcome(self) -> Outcome:
        names = [node.action.name for node in self._plan.nodes]
        actions = {
            names[index]: ActionOutcome(state=ending.state, config=self._configs.get(index), result=result)
            for index, ending, result in sorted(self._endings, key=lambda item: item[0])
        }
        order = tuple(names[index] for index, ending, _ in self._endings if ending.state in _RAN)
        return Outcome(status=self._status, actions=actions, order=order)
