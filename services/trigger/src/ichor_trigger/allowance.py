"""How many messages of each kind may come too fast and still be few: a token bucket for each kind."""

import time
from collections.abc import Callable

_MANY_KINDS = 1_000


class Allowance:
    """Of each kind `size` may be taken at once; what was taken comes back at so many `per_second`."""

    def __init__(self, size: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._per_second = per_second
        self._clock = clock
        self._whole: dict[str, float] = {}
        """When all that was taken of a kind will have come back, by `clock`."""

    def take(self, kind: str) -> bool:
        """Say whether one more of a kind may be taken, which it is then."""
        now = self._clock()
        whole = max(self._whole.get(kind, now), now) + 1 / self._per_second
        if (whole - now) * self._per_second > self._size + 1e-6:
            return False
        self._whole[kind] = whole
        if len(self._whole) > _MANY_KINDS:
            self._whole = {kind: whole for kind, whole in self._whole.items() if whole > now}
        return True
