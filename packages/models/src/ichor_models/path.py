"""Dotted paths into JSON: `reserve.items.0.sku`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Path:
    """A path as it was written; `segments` are its parts between the dots."""

    text: str
    segments: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Path":
        """Split a written path; spaces around it are no part of it."""
        trimmed = text.strip()
        return cls(trimmed, tuple(trimmed.split(".")))

    @classmethod
    def of_change(cls, field: str) -> "Path":
        """Return the path to the change of a field, whose name may have dots."""
        name = field.strip()
        return cls(f"trigger.field_changes[{name}]", ("trigger", "field_changes", name))

    @property
    def well_formed(self) -> bool:
        """Say whether something stands before, between and behind its dots."""
        return all(segment.strip() for segment in self.segments)


def walk(value: JsonValue, segments: Sequence[str]) -> JsonValue:
    """Follow segments into a value; numbers index lists; null where there is nothing."""
    for segment in segments:
        if isinstance(value, dict):
            value = value.get(segment)
        elif isinstance(value, list) and segment.isascii() and segment.isdigit():
            index = int(segment) if len(segment) < 10 else len(value)
            value = value[index] if index < len(value) else None
        else:
            return None
    return value


def look_up(data: Mapping[str, JsonValue], builtin: Mapping[str, JsonValue], path: Path) -> JsonValue:
    """Read a path that names no action: what is always there, then the trigger data, `trigger`, `old_…` and `new_…`.

    The order is that of semantics.md: `trigger` is the whole, an exact key hides `old_<field>` and `new_<field>`.
    """
    first, rest = path.segments[0], path.segments[1:]
    if first in builtin:
        return walk(builtin[first], rest)
    if first == "trigger":
        return walk(dict(data), rest)
    if first in data:
        return walk(data[first], rest)
    for prefix in ("old_", "new_"):
        if first.startswith(prefix):
            changes = data.get("field_changes")
            return walk(changes, (first.removeprefix(prefix), f"{prefix}value", *rest))
    return None
