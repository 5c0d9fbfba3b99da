"""`ichor apply`."""

import asyncio
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ichor_cli.action_types import catalogue
from ichor_cli.arguments import Json, User
from ichor_cli.screen import Screen
from ichor_cli.trial import Trial, read_trial

if TYPE_CHECKING:
    from rich.text import Text

    from ichor_cli.application import Applied

_FILES = typer.Argument(metavar="FILE", help="Workflow files; - is standard input.", show_default=False)


def apply(files: Annotated[list[str], _FILES], user: User = None, json: Json = False) -> int:
    """Save workflow files in the database: over the rule of the same id, else name, else as new ones.

    Where one of the files is not valid nothing is saved; what only the database refuses, as a name that two rules have,
    keeps no other file from being saved. Either way the command exits 1.
    """
    from ichor_cli.application import refusals

    trials = [(file, read_trial(file, catalogue())) for file in files]
    valid = all(trial.rule for _, trial in trials)
    applied = asyncio.run(_save(trials, user)) if valid else refusals(trials)
    Screen(json).answer({"rules": [item.document() for item in applied]}, lambda: _lines(applied))
    return 0 if all(item.saved for item in applied) else 1


async def _save(trials: "list[tuple[str, Trial]]", user: UUID | None) -> "list[Applied]":
    from ichor_cli.application import apply_rule
    from ichor_cli.store import edge_store

    async with edge_store() as store:
        return [await apply_rule(store, file, trial.rule, catalogue(), user) for file, trial in trials if trial.rule]


def _lines(applied: "list[Applied]") -> "Text":
    from rich.text import Text

    from ichor_cli.report_text import problem_lines

    lines: list[Text] = []
    for item in applied:
        style = "green" if item.saved else "bold red"
        lines.append(Text.assemble((item.change.replace("_", " "), style), f"  {item.name or item.file}"))
        lines += problem_lines(item.report)
    return Text("\n").join(lines)
