"""The actions of a run that may start, and which of them is next.

The lowest order of a taken edge comes first, then the lowest id. Conditions and inactive actions are done on the spot;
of the others at most `max_in_flight` are in flight. Delays and questions do not count, up to 1,500 of them.
"""

from collections.abc import Iterator
from heapq import heappop, heappush

from ichor_models import RunRequest

from ichor_executor.plan import Kind, Node
from ichor_executor.state import Ready, State

MOST_WAITS = 1500

type Rank = tuple[int, str, int, bool, bool]
"""Of an action that is ready: order, id, where it stands in the graph, if its path is clean, if it is cleanup."""


class ReadyQueue:
    """`held` says whether nothing more is started, but conditions."""

    def __init__(self, request: RunRequest) -> None:
        self._most = request.options.max_in_flight
        self._waits_for_delays = not request.case
        self._instant: list[Rank] = []
        self._actions: list[Rank] = []
        self._delays: list[Rank] = []
        self.held = False

    def __iter__(self) -> Iterator[Ready]:
        """Yield what is ready, in its order."""
        for order, _, index, clean, cleanup in sorted(self._instant + self._actions + self._delays):
            yield Ready(index=index, order=order, clean=clean, cleanup=cleanup)

    def put(self, node: Node, order: int, clean: bool, *, cleanup: bool = False) -> None:
        """Add an action."""
        queue = self._actions
        if not node.action.is_active or node.kind is Kind.CONDITION:
            queue = self._instant
        elif node.kind is Kind.DELAY and self._waits_for_delays:
            queue = self._delays
        heappush(queue, (order, node.action.key, node.index, clean, cleanup))

    def take(self, state: State) -> Rank | None:
        """Take out the action that starts next; None where none may start now."""
        if self._instant:
            queue = self._instant
        elif self.held:
            return None
        elif self._actions and self._has_room(state):
            queue = self._actions
        elif self._delays and _waits(state) < MOST_WAITS:
            queue = self._delays
        else:
            return None
        return heappop(queue)

    def stop(self, *, cleanup: bool) -> list[int]:
        """Take out all that waits, but cleanup if there is any; return where it stood in the graph."""
        gone: list[int] = []
        for queue in (self._actions, self._delays):
            gone += [rank[2] for rank in queue if not (cleanup and rank[4])]
            queue[:] = sorted(rank for rank in queue if cleanup and rank[4])
        return sorted(gone)

    def _has_room(self, state: State) -> bool:
        """Say whether one more action may be in flight; questions beyond the number that may be open count, too."""
        surplus = max(0, _waits(state) - MOST_WAITS) if state.pending else 0
        return len(state.running) + surplus < self._most


def _waits(state: State) -> int:
    return len(state.waiting) + len(state.pending)
