"""The values of runs that are too large to travel, in memory, for tests and for trying things out."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from ichor_edgestore.failure import action_errors
from ichor_edgestore.postgres_values import gone


class MemoryValues:
    """Implements `ichor_models.ValueStore`, as `PostgresValues` does."""

    def __init__(self) -> None:
        self._bodies: defaultdict[str, dict[str, bytes]] = defaultdict(dict)

    async def put(self, run: str, bodies: Mapping[str, bytes]) -> None:
        self._bodies[run] = {**bodies, **self._bodies[run]}

    async def get(self, run: str, key: str) -> bytes:
        with action_errors():
            if key not in self._bodies[run]:
                raise gone(run, key)
        return self._bodies[run][key]

    async def forget(self, run: str, keep: Collection[str] = ()) -> None:
        self._bodies[run] = {key: body for key, body in self._bodies[run].items() if key in keep}
