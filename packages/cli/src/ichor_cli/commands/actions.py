"""`ichor actions`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from ichor_models import ActionType, format_duration
from ichor_models.spelling import meant
from pydantic import JsonValue

from ichor_cli.action_page import action_page
from ichor_cli.action_types import catalogue, description
from ichor_cli.arguments import Json
from ichor_cli.config_table import type_picture
from ichor_cli.errors import Missing
from ichor_cli.screen import Screen

if TYPE_CHECKING:
    from rich.console import RenderableType


_TYPE = typer.Argument(metavar="TYPE", help="One type, with all of its config.", show_default=False)


_MARKDOWN = typer.Option("--markdown", help="Print a page of Markdown with all of their config.")


def actions(
    type: Annotated[str | None, _TYPE] = None, json: Json = False, markdown: Annotated[bool, _MARKDOWN] = False
) -> int:
    """List the action types that rules may use here, with their output ports and config."""
    types = catalogue()
    if type is not None and type not in types:
        hint = meant(type, types)
        message = f"There is no action type {type!r}{f'; {hint}' if hint else '.'}"
        raise Missing(message, code="unknown_action_type", mend="`ichor actions` lists all.")
    chosen = [types[name] for name in sorted(types) if type in (None, name)]
    if markdown:
        print(action_page(chosen), end="")
        return 0
    people = (lambda: _table(chosen)) if type is None else (lambda: type_picture(types[type], description(type)))
    Screen(json).answer({"actions": [_document(item) for item in chosen]}, people)
    return 0


def _document(item: ActionType) -> dict[str, JsonValue]:
    policy = item.policy
    return {
        "type": item.name,
        "description": description(item.name),
        "ports": list(item.all_ports),
        "open_ports": item.open_ports,
        "config": item.config.model_json_schema(),
        "limits": {
            "timeout": format_duration(policy.timeout),
            "max_attempts": policy.max_attempts,
            "backoff": format_duration(policy.backoff),
        },
    }


def _table(types: list[ActionType]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("type", "output ports", "config (* is required)"):
        table.add_column(heading, overflow="fold")
    for item in types:
        table.add_row(Text(item.name, "bold"), Text(" ".join(item.all_ports)), Text(_keys(item)))
    return table


def _keys(item: ActionType) -> str:
    schema: dict[str, Any] = item.config.model_json_schema()
    required = schema.get("required", [])
    return " ".join(f"{key}*" if key in required else key for key in schema.get("properties", {}))
