"""The runs that the story expects, watched while they go."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ichor_cli.errors import Missing
from ichor_cli.outcome_table import STATUS_STYLES
from ichor_cli.screen import console
from ichor_edgestore import EdgeStore, RunNotFound, RunView
from ichor_models import RunStatus
from rich.live import Live
from rich.table import Table
from rich.text import Text
from story import Step

_PATIENCE = 60.0
_PAUSE = 0.05


@dataclass(slots=True)
class ExpectedRun:
    """A run that the story expects, and how it stands."""

    step: Step
    rule: str
    workflow_id: str
    expected: RunStatus
    run: RunView | None = None

    @property
    def status(self) -> RunStatus | None:
        """Return how it stands, None before it is there."""
        return self.run.status if self.run else None

    @property
    def ended(self) -> bool:
        """Say whether it is over."""
        return self.status is not None and self.status.ended


async def watch(store: EdgeStore, expected: Sequence[ExpectedRun], say: Callable[[str], None]) -> None:
    """Return when all runs have ended; shows how they stand, alive where somebody watches.

    Raises:
        Missing: they do not end.
    """
    deadline = time.monotonic() + _PATIENCE
    with Live(_table(expected), console=console(), auto_refresh=False, transient=True) as live:
        while not all(one.ended for one in expected):
            for one in [one for one in expected if not one.ended]:
                await _look(store, one, say)
            if sys.stdout.isatty():
                live.update(_table(expected), refresh=True)
            if time.monotonic() > deadline:
                raise Missing("Some runs do not end.", code="not_ended", mend="Read the worker's log.")
            await asyncio.sleep(_PAUSE)


def outcomes(expected: Sequence[ExpectedRun]) -> Table:
    """Show how the runs ended, with what each took."""
    return _table(expected)


async def _look(store: EdgeStore, one: ExpectedRun, say: Callable[[str], None]) -> None:
    before = one.status
    with suppress(RunNotFound):
        one.run = await store.get_run(one.workflow_id)
    if one.status is not before and one.ended and not sys.stdout.isatty():
        say(f"  {one.rule}: {one.status}")


def _table(expected: Sequence[ExpectedRun]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("event", "rule", "run", "took", "actions"):
        table.add_column(heading, overflow="fold")
    for one in expected:
        status = one.status
        mark = Text(status, STATUS_STYLES[status]) if status else Text("expected", "dim")
        table.add_row(one.step.says, one.rule, mark, _took(one.run), _actions(one.run))
    return table


def _took(run: RunView | None) -> str:
    return f"{run.duration_ms} ms" if run and run.duration_ms is not None else ""


def _actions(run: RunView | None) -> str:
    return ", ".join(f"{action.name}: {action.state}" for action in run.actions) if run else ""
