"""The action types as a page of Markdown."""

import inspect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ichor_models import ActionType
from pydantic import BaseModel

from ichor_cli.action_types import description, registry
from ichor_cli.config_table import config_rows, limits

if TYPE_CHECKING:
    from ichor_activities import Registry

_HEAD = """# Action types

<!-- Written by: ichor actions --markdown > docs/actions.md -->

What `ichor actions` lists, with the types of this repository alone. Each may fail, and then leaves by `failure`."""


def action_page(types: Sequence[ActionType]) -> str:
    """Return the page of some types."""
    handlers = registry()
    overview = [["type", "does", "output ports"], *(_line(item) for item in types)]
    sections = ("\n\n".join(_section(item, handlers)) for item in types)
    return "\n\n".join([_HEAD, _table(overview), *sections]) + "\n"


def _line(item: ActionType) -> list[str]:
    return [f"[`{item.name}`](#{item.name})", _does(item).partition("\n")[0], ", ".join(item.ports)]


def _section(item: ActionType, handlers: "Registry") -> Iterator[str]:
    yield f"## {item.name}"
    yield _does(item)
    handler = handlers.get(item.name)
    rows = [[f"`{key}`", kind, default, meaning] for key, kind, default, meaning in _keys(item.config)]
    if handler and rows:
        yield f"Config: {inspect.cleandoc(item.config.__doc__ or '')}"
    if rows:
        yield _table([["config", "is", "default", "meaning"], *rows])
    if handler and handler.result:
        yield f"Result: {inspect.cleandoc(handler.result.__doc__ or '')}"
        yield _table([["result", "is"], *([f"`{key}`", kind] for key, kind, *_ in _keys(handler.result))])
    besides = ", and any other" if item.open_ports else ""
    yield f"Output ports: {', '.join(f'`{port}`' for port in item.all_ports)}{besides}."
    if handler:
        together = " Its effect and its result are committed together." if handler.transactional else ""
        yield f"Limits: {limits(item.policy)}.{together}"


def _does(item: ActionType) -> str:
    """Return what its docstring says, without the errors that concern whoever calls it from Python."""
    return (description(item.name) or "").partition("\n\nRaises:")[0]


def _keys(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    """Yield what the table of a model says of each key, by its path."""
    path: list[str] = []
    for key, kind, default, meaning in config_rows(model.model_json_schema()):
        depth = (len(key) - len(key.strip())) // 2
        path[depth:] = [key.strip()]
        yield ".".join(path), kind, default, meaning


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])
