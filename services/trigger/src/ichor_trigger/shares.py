"""How many places each kind, of messages or callers, may hold at once, so that bursts leave places for the others."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager


class Shares:
    """Of `places` in all, a kind may hold as many as it leaves free: half of them alone, a third beside one like it."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._held: Counter[str] = Counter()

    def has_place(self, kind: str) -> bool:
        """Say whether there is a place for one more of a kind, which does not have its share then."""
        return self._held[kind] < self._free

    @contextmanager
    def place(self, kind: str) -> Generator[None]:
        """Hold a place during the block."""
        self._held[kind] += 1
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
            self._held[kind] -= 1
            if not self._held[kind]:
                del self._held[kind]
