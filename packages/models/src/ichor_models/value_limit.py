"""What becomes of a result that is too large to travel: it is stored, or it is cut."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from pydantic import JsonValue

from ichor_models.errors import ActionError
from ichor_models.path import walk
from ichor_models.stored_value import LARGEST, PORTS, Shrunk, StoredResult, shrink
from ichor_models.truncation import truncate_result

MOST = 64 * 1024 * 1024
"""How many bytes a result may have at all."""


class Excess(StrEnum):
    """Where values go that are too large to travel."""

    DATABASE = "database"
    """They lie in the database."""
    CUT = "cut"
    """Nowhere: they are cut."""


@dataclass(frozen=True, slots=True)
class ValueLimit:
    """How many bytes a result may have that travels, and what becomes of one that has more.

    `together` is how many the values may have that travel of a stored one, None where that is four times the limit.
    """

    largest: int = LARGEST
    excess: Excess = Excess.DATABASE
    together: int | None = None

    def at_most(self, largest: int | None) -> Self:
        """Return a limit under which no more than so many bytes travel of any result; None changes nothing."""
        return self if largest is None else replace(self, largest=min(largest, self.largest), together=largest)

    def fit(self, result: dict[str, JsonValue], reads: Iterable[str] = ()) -> Shrunk:
        """Return a result as it travels; of a stored one, the values at the paths `reads` and what names its port do.

        Raises:
            ActionError: [too_large] it is larger than any may be, or cannot be cut.
        """
        return self.fit_object(result, dict.fromkeys((*PORTS, *reads)), lambda path: walk(result, path.split(".")))

    def fit_object(self, whole: dict[str, JsonValue], reads: Iterable[str], read: Callable[[str], JsonValue]) -> Shrunk:
        """Return an object as it travels; of a stored one what `read` gives for the paths `reads`.

        Raises:
            ActionError: [too_large] it is larger than any may be, or cannot be cut.
        """
        shrunk = shrink(whole, reads, read, self.largest, self.together)
        stored = StoredResult.of(shrunk.result) if shrunk.bodies else None
        if stored is None:
            return shrunk
        if (size := stored.parts[""].size) > MOST:
            raise ActionError(f"The result has {size} bytes; {MOST} are the most. Return less of it.", type="too_large")
        return shrunk if self.excess is Excess.DATABASE else Shrunk(truncate_result(whole, self.largest), {})


DEFAULT_LIMIT = ValueLimit()
"""What holds where a deployment says nothing else."""
