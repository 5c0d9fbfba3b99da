"""What can go wrong while a graph runs, or is sent to Temporal.

IchorError (ichor_models)
└── ExecutorError
    ├── CyclicGraph       a graph that can never end; a retry cannot help
    ├── NotUnderWay       the machine was told of an action that it did not ask for: a mistake of its driver
    ├── InvalidKeys       the keys of encryption cannot be used; a retry cannot help
    └── Undecipherable    a payload needs a key that is not there; a retry helps a program that has it
"""

from collections.abc import Sequence

from ichor_models import IchorError


class ExecutorError(IchorError):
    """The root of this package's errors."""


class CyclicGraph(ExecutorError):
    """A graph has a cycle; the analyzer refuses it, so only a graph that was never saved here can have one."""

    def __init__(self, cycle: Sequence[str]) -> None:
        super().__init__(f"The graph has a cycle: {' -> '.join(cycle)}. Remove one of its edges.")
        self.cycle = tuple(cycle)


class NotUnderWay(ExecutorError):
    """An action ended that was not under way."""


class InvalidKeys(ExecutorError):
    """The keys of encryption cannot be used; the message never shows one."""


class Undecipherable(ExecutorError):
    """A payload is encrypted with a key that is not there."""
