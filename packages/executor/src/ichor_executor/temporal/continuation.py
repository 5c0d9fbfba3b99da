"""When a run is continued as new, so that its history stays far below what Temporal allows (51,200 events, 50 MiB).

Temporal suggests it at 4,096 events or 4 MiB. From then on the next quiet point is taken: nothing in flight but delays
and questions. Where none comes, nothing more is started from 6,000 events or 8 MiB on. A run that waits five minutes
for an action that takes long goes on until its history has twice the size, and waits again; at five times the size it
waits for good.
"""

import asyncio
from datetime import timedelta
from itertools import pairwise

from temporalio import workflow

_EVENTS = 6_000
_BYTES = 8 * 2**20
_PRESSING = (1, 2, 4, 5)
_PATIENCE = timedelta(minutes=5)


class Continuation:
    """Says whether a run should come to a quiet point; `events_per_run` forces it after about so many events."""

    def __init__(self, events_per_run: int | None) -> None:
        self._events_per_run = events_per_run
        self._steps = [*pairwise(_PRESSING), (_PRESSING[-1], None)]
        self._patience: asyncio.Task[None] | None = None

    @property
    def is_welcome(self) -> bool:
        """Say whether a quiet point should be used."""
        return workflow.info().is_continue_as_new_suggested() or self._is_forced

    @property
    def is_pressing(self) -> bool:
        """Say whether nothing more should be started until there is one."""
        if self._is_forced:
            return True
        info = workflow.info()
        size = max(info.get_current_history_length() / _EVENTS, info.get_current_history_size() / _BYTES)
        threshold, next_one = self._steps[0]
        if size < threshold:
            return False
        if next_one is None:
            return True
        if self._patience is None:
            self._patience = asyncio.create_task(workflow.sleep(_PATIENCE, summary="a quiet point to continue as new"))
        if not self._patience.done():
            return True
        self._patience = None
        del self._steps[0]
        return False

    @property
    def _is_forced(self) -> bool:
        limit = self._events_per_run
        return limit is not None and workflow.info().get_current_history_length() >= limit

    def cancel(self) -> None:
        """Wait no longer."""
        if self._patience is not None:
            self._patience.cancel()
