"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How many rounds, each of which measures every contestant once, and whether the largest sizes are taken, too."""

    rounds: int
    full: bool
