"""`ichor rules`."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ichor_cli.arguments import Json
from ichor_cli.screen import Screen

if TYPE_CHECKING:
    from ichor_edgestore import RuleSummary
    from rich.console import RenderableType


def rules(json: Json = False) -> int:
    """List the rules of the database."""
    found = asyncio.run(_list())
    Screen(json).answer({"rules": [rule.model_dump(mode="json") for rule in found]}, lambda: _table(found))
    return 0


async def _list() -> "Sequence[RuleSummary]":
    from ichor_cli.store import edge_store

    async with edge_store() as store:
        return await store.list_rules()


def _table(found: "Sequence[RuleSummary]") -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    if not found:
        return "There are no rules; `ichor apply FILE` saves one."
    table = Table(box=None, pad_edge=False)
    for heading in ("rule", "entity", "event", "active", "id"):
        table.add_column(heading, overflow="fold")
    for rule in found:
        active = Text("yes", "green") if rule.is_active else Text("no", "dim")
        table.add_row(Text(rule.name, "bold"), Text(rule.entity or ""), Text(rule.event or ""), active, rule.rule_id)
    return table
