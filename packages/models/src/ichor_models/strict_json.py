"""JSON from outside: no NaN or Infinity, no NUL in text, bounded depth and numbers."""

import json
from typing import NoReturn

from pydantic import JsonValue

_DEEPEST = 100


def parse_json(body: bytes | str) -> JsonValue:
    """Read JSON that any of our stores can hold.

    Raises:
        ValueError: it is none, saying why.
    """
    try:
        value: JsonValue = json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"it is nested more than {_DEEPEST} deep") from None
    _check(value)
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _check(value: JsonValue) -> None:
    level: list[JsonValue] = [value]
    for _ in range(_DEEPEST):
        deeper: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.keys())
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
            else:
                _check_scalar(item)
        if not deeper:
            return
        level = deeper
    raise ValueError(f"it is nested more than {_DEEPEST} deep")


def _check_scalar(value: JsonValue) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("text must not hold the character U+0000")
        if not value.isascii():
            value.encode()
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
