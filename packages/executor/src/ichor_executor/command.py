"""What the machine asks its driver to do: the closed set of its answers."""

from typing import NamedTuple

from ichor_models import RunStatus, SecretPlace, StoredPlace
from pydantic import JsonValue

from ichor_executor.resolution import Ending


class RunAction(NamedTuple):
    """Do the action at this position with its resolved config; answer with `succeeded`, `failed` or `asked`."""

    at: int
    config: dict[str, JsonValue]
    secrets: tuple[SecretPlace, ...]
    stored: tuple[StoredPlace, ...] = ()
    ask: int = 1


class StartTimer(NamedTuple):
    """Wait until so many seconds after the Unix epoch for the action at this position; answer with `fired`."""

    at: int
    until: float


class CloseQuestion(NamedTuple):
    """No reply came in time: close the question, and answer with `replied` where one came after all, else `expired`."""

    at: int
    ask: int


class CancelAction(NamedTuple):
    """Ask an action in flight to stop; answer with how it ended, whatever that is."""

    at: int


class DropQuestions(NamedTuple):
    """Close the questions of these actions, each with its number: nobody waits for their replies. No answer needed."""

    asks: tuple[tuple[int, int], ...]


class Ended(NamedTuple):
    """An action reached its final state. `config` is there where the machine did it itself."""

    at: int
    ending: Ending
    config: dict[str, JsonValue] | None = None
    result: dict[str, JsonValue] | None = None


class EndRun(NamedTuple):
    """Every action has its final state; nothing follows."""

    status: RunStatus


type Command = RunAction | StartTimer | CloseQuestion | CancelAction | DropQuestions | Ended | EndRun
