"""The config of an action type, key by key, for people to read."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ichor_models import ActionPolicy, ActionType, format_duration

if TYPE_CHECKING:
    from rich.console import RenderableType

type _Schema = dict[str, Any]


def type_picture(item: ActionType, description: str | None) -> "RenderableType":
    """Show one type in full: what it does, its config, its ports, its limits."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("config", "is", "default", "meaning"):
        table.add_column(heading, overflow="fold")
    for row in config_rows(item.config.model_json_schema()):
        table.add_row(*(Text(cell) for cell in row))
    last = [f"output ports: {', '.join(item.all_ports)}", f"limits: {limits(item.policy)}"]
    return Group(Text(item.name, "bold"), *([Text(description)] if description else []), table, *map(Text, last))


def config_rows(root: _Schema) -> Iterator[tuple[str, str, str, str]]:
    """Yield key, type, default and description of each key, those of objects below it after it."""
    yield from _rows(root, root, "", ())


def limits(policy: ActionPolicy) -> str:
    """Say how long and how often an action is tried, unless a rule says otherwise."""
    once = f"{format_duration(policy.timeout)} for each of {policy.max_attempts} attempts"
    return f"{once}, the first pause {format_duration(policy.backoff)}"


def _rows(root: _Schema, schema: _Schema, above: str, seen: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    required = schema.get("required", [])
    for key, value in schema.get("properties", {}).items():
        yield f"{above}{key}", _kind(root, value), _default(value, key in required), value.get("description", "")
        for name, inner in _objects(root, value):
            if name not in seen:
                yield from _rows(root, inner, f"  {above}", (*seen, name))


def _default(schema: _Schema, required: bool) -> str:
    if required:
        return "required"
    return json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else "empty"


def _kind(root: _Schema, schema: _Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        named = root["$defs"][name]
        return name if "properties" in named else _kind(root, named)
    if arms := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_kind(root, arm) for arm in arms))
    if values := schema.get("enum"):
        return " or ".join(json.dumps(value) for value in values)
    if schema.get("type") == "array":
        return f"list of {_kind(root, schema.get('items', {}))}"
    return str(schema.get("const", schema.get("type", "any value")))


def _objects(root: _Schema, schema: _Schema) -> Iterator[tuple[str, _Schema]]:
    """Yield the objects that a key holds, by itself or in a list."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        named = root["$defs"][name]
        yield from [(name, named)] if "properties" in named else _objects(root, named)
    arms: list[_Schema] = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    if items := schema.get("items"):
        arms.append(items)
    for arm in arms:
        yield from _objects(root, arm)
