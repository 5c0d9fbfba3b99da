"""When a run is continued as new, so that its history stays far below what Temporal allows (51,200 events, 50 MiB).

Temporal suggests it at 4,096 events or 4 MiB. From then on the next quiet point is taken: nothing in flight but delays
and questions. Where none comes, nothing more is started from 6,000 events or 8 MiB on. A run that waits five minutes
for an action that takes long goes on until its history has twice the size, and waits again; at five times the size it
waits for good.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow

_EVENTS = 6_000
_BYTES = 8 * 2**20
_PRESSING = (1, 2, 4, 5)
_PATIENCE = timedelta(minutes=5)


class Continuation:
    """`is_welcome` says that a quiet point should be used, `is_pressing` that nothing more should start until then.

    `events_per_run` presses after about so many events.
    """

    def __init__(self, events_per_run: int | None) -> None:
        self._events_per_run = events_per_run
        self._steps = list(_PRESSING)
        self._patience: asyncio.Task[None] | None = None
        self.is_welcome = False
        self.is_pressing = False

    def look(self) -> None:
        """See how long the history is by now."""
        info = workflow.info()
        length, size = info.get_current_history_length(), info.get_current_history_size()
        is_forced = self._events_per_run is not None and length >= self._events_per_run
        self.is_pressing = is_forced or self._presses(max(length / _EVENTS, size / _BYTES))
        self.is_welcome = self.is_pressing or info.is_continue_as_new_suggested()

    def cancel(self) -> None:
        """Wait no longer."""
        if self._patience is not None:
            self._patience.cancel()

    def _presses(self, pressure: float) -> bool:
        is_last = len(self._steps) == 1
        if pressure < self._steps[0] or is_last:
            return pressure >= self._steps[0]
        if self._patience is None:
            self._patience = asyncio.create_task(workflow.sleep(_PATIENCE, summary="a quiet point to continue as new"))
        if not self._patience.done():
            return True
        self._patience = None
        del self._steps[0]
        return False

    @property
    def is_over(self) -> bool:
        """Say whether it has been pressing for long enough, so that one should look again."""
        return self._patience is not None and self._patience.done()
