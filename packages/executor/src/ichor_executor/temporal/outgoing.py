"""Actions on their way to Temporal: no workflow task sends more than it may.

Temporal takes no answer to a task of more than 4 MiB. Calls of more than 1 MiB together wait for the next task, which a
timer of a millisecond brings about. A replay must send the same ones, so a call counts with what it says since the
first release, and a guess for what later ones add.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from ichor_models import ActionCall
    from pydantic_core import to_json

_BYTES = 2**20
_REST, _PLACE = 128, 256
"""Bytes that count for all else that a call says, and for each place of a secret or of a stored value."""
_SOON = timedelta(milliseconds=1)


class Outgoing:
    """Sends actions in their order; the first one of a task is sent whatever its size."""

    def __init__(self, send: Callable[[int, ActionCall], None]) -> None:
        self._send = send
        self._waiting: OrderedDict[int, ActionCall] = OrderedDict()
        self._next_task: asyncio.Task[None] | None = None
        self._task = -1
        self._left = 0

    def put(self, at: int, call: ActionCall) -> None:
        """Send an action, or let it wait."""
        self._waiting[at] = call
        if len(self._waiting) == 1:
            self.flush()

    @property
    def is_due(self) -> bool:
        """Say whether there is another task for what waits."""
        return self._next_task is not None and self._next_task.done()

    def flush(self) -> None:
        """Send what the task at hand takes."""
        while self._waiting and self._takes(_size(next(iter(self._waiting.values())))):
            self._send(*self._waiting.popitem(last=False))
        if self.is_due:
            self._next_task = None
        if self._waiting and self._next_task is None:
            self._next_task = asyncio.create_task(workflow.sleep(_SOON, summary="the next actions"))

    def drop(self, at: int) -> bool:
        """Forget an action if it waits; say whether it did."""
        return self._waiting.pop(at, None) is not None

    def cancel(self) -> None:
        """Send nothing more."""
        self._waiting.clear()
        if self._next_task is not None:
            self._next_task.cancel()

    def _takes(self, size: int) -> bool:
        task = workflow.info().get_current_history_length()
        if task != self._task:
            self._task, self._left = task, _BYTES
        elif self._left < size:
            return False
        self._left -= size
        return True


def _size(call: ActionCall) -> int:
    said = (call.run, call.key, call.name, call.type, call.config, call.reads)
    return len(to_json(said)) + _REST + _PLACE * (len(call.secrets) + len(call.stored))
