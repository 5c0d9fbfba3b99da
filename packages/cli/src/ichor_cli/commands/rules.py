"""`ichor rules`, `ichor rules activate`, `ichor rules deactivate`."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ichor_cli.arguments import RULE, Json, User, refuse_json_before
from ichor_cli.screen import Screen

if TYPE_CHECKING:
    from ichor_edgestore import RuleSummary
    from ichor_models import RuleId
    from rich.console import RenderableType


def rules(context: typer.Context, json: Json = False) -> int:
    """List the rules of the database; `deactivate` one of them, or `activate` it again."""
    if context.invoked_subcommand is not None:
        refuse_json_before(context, json)
        return 0
    found = asyncio.run(_list())
    Screen(json).answer({"rules": [rule.model_dump(mode="json") for rule in found]}, lambda: _table(found))
    return 0


def activate(rule: Annotated[str, RULE], user: User = None, json: Json = False) -> int:
    """Let events start a rule again."""
    return _switch(rule, True, user, Screen(json))


def deactivate(rule: Annotated[str, RULE], user: User = None, json: Json = False) -> int:
    """Keep events from starting a rule; its runs in flight go on."""
    return _switch(rule, False, user, Screen(json))


def _switch(rule: str, active: bool, user: UUID | None, screen: Screen) -> int:
    rule_id = asyncio.run(_set_active(rule, active, user))
    what = "active: events start it" if active else "inactive: no event starts it"
    screen.answer({"rule_id": rule_id, "is_active": active}, lambda: f"{rule} is {what}.")
    return 0


async def _set_active(rule: str, active: bool, user: UUID | None) -> "RuleId":
    from ichor_cli.store import edge_store

    async with edge_store() as store:
        rule_id = await store.find_rule(rule)
        await (store.activate_rule if active else store.deactivate_rule)(rule_id, user_id=user and str(user))
        return rule_id


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
