"""What came of case files, for people to read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ichor_cli.verdict import Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType


def verdict_table(verdicts: Sequence[Verdict]) -> "RenderableType":
    """Show each case, what is wrong with those that did not pass, and how many did."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for verdict in verdicts:
        mark = Text("passed", "green") if verdict.passed else Text("failed", "bold red")
        table.add_row(mark, Text(verdict.name), Text("\n".join(verdict.sentences())))
    failed = sum(not verdict.passed for verdict in verdicts)
    summary = Text(f"{len(verdicts) - failed} passed, {failed} failed", "bold red" if failed else "green")
    return Group(table, summary)
