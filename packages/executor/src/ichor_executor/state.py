"""What the machine knows between two steps: the frontier of a run, small enough to be carried to its next run.

Plain values only, so that any serialiser can write and read them. Actions are known by their position in the graph.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from ichor_models import RunStatus, StoredResult
from ichor_models.retry_pause import retry_pause
from pydantic import JsonValue

from ichor_executor.stop import Stop


@dataclass(slots=True)
class Frontier:
    """An action some of whose incoming edges are resolved.

    `order` is the lowest order of a taken edge, None while none is taken; `clean` says that no taken edge on any way to
    it left an unhandled failure. `cleanup` says that an `always` edge was taken, or any since the run was stopped;
    `dropped` that an edge was skipped because its source had not begun by then.
    """

    unresolved: int
    broken: bool = False
    order: int | None = None
    clean: bool = True
    cleanup: bool = False
    dropped: bool = False


@dataclass(slots=True)
class Ready:
    """An action that may start, the lowest `order` first, in a stopped run only where it is `cleanup`."""

    index: int
    order: int
    clean: bool
    cleanup: bool = False


@dataclass(slots=True)
class Wait:
    """A delay under way: its end in seconds since the Unix epoch, and its length in seconds."""

    until: float
    seconds: float
    clean: bool


@dataclass(slots=True)
class Pending:
    """An action that waits for a reply until `until`, or, between two questions, to ask again at that time.

    Times are seconds since the Unix epoch; `ask` counts its questions, of which it may ask at most `most`.
    """

    until: float
    clean: bool
    ask: int
    most: int = 1
    pause: float = 1.0
    on_timeout: dict[str, JsonValue] | None = None
    asks_again: bool = False

    @property
    def next_pause(self) -> float:
        """Return how many seconds to wait before it asks again."""
        return retry_pause(timedelta(seconds=self.pause), self.ask).total_seconds()


@dataclass(slots=True)
class Kept:
    """A result that so many actions to come may still refer to; `stored` in its place where it is too large.

    Neither is ever changed, so copies share them: all results of a run may be many megabytes. Nor are they looked
    through where they are read again.
    """

    result: dict[str, Any]
    readers: int
    stored: StoredResult | None = None

    def __deepcopy__(self, memo: object) -> Self:
        return replace(self)


@dataclass(slots=True)
class State:
    """The state of a run. `running` maps an action in flight to whether its path is clean; `left` counts open ones.

    `asks` has the number of the question at hand of actions that asked before, `early` retryable errors (message and
    type) that came as replies before it was known that the action asked. `stopped` says why the run was stopped, and
    `stopping` has the actions in flight since before that which are waited for, to clean up after them.
    """

    left: int
    frontier: dict[int, Frontier] = field(default_factory=dict[int, Frontier])
    ready: list[Ready] = field(default_factory=list[Ready])
    running: dict[int, bool] = field(default_factory=dict[int, bool])
    waiting: dict[int, Wait] = field(default_factory=dict[int, Wait])
    pending: dict[int, Pending] = field(default_factory=dict[int, Pending])
    asks: dict[int, int] = field(default_factory=dict[int, int])
    early: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    results: dict[int, Kept] = field(default_factory=dict[int, Kept])
    failed: bool = False
    clean_end: bool = False
    stopped: Stop | None = None
    stopping: set[int] = field(default_factory=set[int])

    @property
    def status(self) -> RunStatus:
        """Return how a run ends that ends so."""
        if self.stopped is not None:
            return self.stopped.status
        if not self.failed:
            return RunStatus.COMPLETED
        return RunStatus.PARTIAL if self.clean_end else RunStatus.FAILED

    def ask(self, index: int) -> int:
        """Return the number of an action's question at hand."""
        return self.asks.get(index, 1)

    def waits_for(self, index: int, ask: int) -> bool:
        """Say whether the reply to a question is waited for; it may come before it is known that the action asked."""
        pending = self.pending.get(index)
        if pending is None:
            return index in self.running and self.ask(index) == ask
        return pending.ask == ask and not pending.asks_again
