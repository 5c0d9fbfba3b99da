"""How values look inside text."""

import json

from pydantic import JsonValue

from ichor_models.number import as_decimal, plain


def as_text(value: JsonValue) -> str:
    """Write a value as it stands in text: numbers plain, true and false, null as nothing, the rest as compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        number = as_decimal(value)
        return plain(number) if number is not None else str(value)
    return json.dumps(_plain_numbers(value), ensure_ascii=False, separators=(",", ":"))


def _plain_numbers(value: JsonValue) -> JsonValue:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain_numbers(item) for key, item in value.items()}
    return value
