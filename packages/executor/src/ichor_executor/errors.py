"""What can go wrong while a graph runs.

IchorError (ichor_models)
└── ExecutorError
    ├── CyclicGraph    a graph that can never end; a retry cannot help
    └── NotUnderWay    the machine was told of an action that it did not ask for: a mistake of its driver
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
