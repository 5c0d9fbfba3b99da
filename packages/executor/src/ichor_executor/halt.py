"""What becomes of what is under way when a run is stopped."""

from typing import NamedTuple

from ichor_executor.command import CancelAction, Command, DropQuestions
from ichor_executor.plan import Plan
from ichor_executor.state import State


class Halt(NamedTuple):
    """`ended` actions end at once, those in `stopping` are asked to and waited for."""

    ended: list[int]
    stopping: set[int]
    commands: list[Command]


def halt(plan: Plan, state: State, *, cleanup: bool) -> Halt:
    """Take everything under way out of a run's state, but what is waited for: the actions that are cleaned up after.

    Without `cleanup` nothing is waited for, and what would have cleaned up no longer does.
    """
    stopping = {at for at in state.running if cleanup and plan.nodes[at].cleaned_up}
    commands: list[Command] = [CancelAction(at) for at in sorted(stopping)]
    asked = {at: wait.ask for at, wait in state.pending.items() if not wait.asks_again}
    if cleanup:  # What is in flight may have asked; without cleanup the run ends now, and its questions with it.
        asked |= {at: state.ask(at) for at in state.running if at not in stopping}
    if asked:
        commands.append(DropQuestions(tuple(sorted(asked.items()))))
    ended = sorted({*state.running, *state.waiting, *state.pending} - stopping)
    state.running = {at: clean for at, clean in state.running.items() if at in stopping}
    state.waiting.clear()
    state.pending.clear()
    if not cleanup:
        for met in state.frontier.values():
            met.cleanup = False
    return Halt(ended, stopping, commands)
