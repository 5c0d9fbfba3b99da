"""How values look inside text."""

import json

from pydantic import JsonValue

from ichor_models.number import as_decimal, plain

_MOST_SHOWN = 80


def as_text(value: JsonValue) -> str:
    """Write a value as it stands in text: numbers plain, true and false, null as nothing, the rest as compact JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else _compact(value)


def shown(text: str) -> str:
    """Quote a text for a message, cut where it is long."""
    return repr(cut(text, _MOST_SHOWN))


def cut(text: str, most: int) -> str:
    """Return the beginning of a text where it is longer than so many characters, else all of it."""
    return text if len(text) <= most else f"{text[:most]}…"


def _compact(value: JsonValue) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(key)}:{_compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    number = as_decimal(value) if isinstance(value, (int, float)) else None
    return _quoted(value) if number is None else plain(number)


def _quoted(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
