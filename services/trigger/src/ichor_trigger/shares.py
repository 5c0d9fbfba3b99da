"""How many places each kind of message may hold at once, so that a burst of one kind leaves places for the others."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from ichor_service import Crowded


class Shares:
    """`most` is the share of one kind."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: Counter[str] = Counter()

    @contextmanager
    def place(self, kind: str) -> Generator[None]:
        """Hold a place during the block.

        Raises:
            Crowded: the kind has its share.
        """
        if self._held[kind] >= self._most:
            raise Crowded(kind)
        self._held[kind] += 1
        try:
            yield
        finally:
            self._held[kind] -= 1
            if not self._held[kind]:
                del self._held[kind]
