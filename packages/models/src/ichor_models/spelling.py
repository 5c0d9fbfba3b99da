"""Keys and names that somebody misspelt: which one was meant, or which there are."""

from collections.abc import Iterable, Iterator, Sequence, Set
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel


def meant(name: str, known: Iterable[str]) -> str | None:
    """Return the question after the known name that is closest, None where none is close."""
    close = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {close[0]!r}?" if close else None


def ended(words: str) -> str:
    """End a sentence, unless it is a question already."""
    return words if words.endswith("?") else f"{words}."


def unknown_key(model: type[BaseModel], place: Sequence[int | str], *, without: Set[str] = frozenset()) -> str:
    """Say what to do about a key that a model does not have; its place ends with it, `without` is not for people."""
    around = _around(model.model_json_schema(), place[:-1])
    known = sorted({key for schema in around for key in schema.get("properties", {})} - without)
    if hint := meant(str(place[-1]), known):
        return hint
    return f"remove it, or write one of {', '.join(known)}" if known else "remove it or correct its spelling"


type _Schema = dict[str, Any]


def _around(root: _Schema, place: Sequence[int | str]) -> list[_Schema]:
    """Return the schemas that may stand at a place; parts that name an arm of a union lead nowhere."""
    found = list(_arms(root, root))
    for part in place:
        below = [arm for schema in found for step in _steps(schema, part) for arm in _arms(root, step)]
        found = below or found
    return found


def _steps(schema: _Schema, part: int | str) -> Iterator[_Schema]:
    if isinstance(part, int):
        candidates = [schema.get("items"), *schema.get("prefixItems", [])[part : part + 1]]
    else:
        candidates = [schema.get("properties", {}).get(part), schema.get("additionalProperties")]
    yield from (item for item in candidates if isinstance(item, dict))


def _arms(root: _Schema, schema: _Schema) -> Iterator[_Schema]:
    """Yield what a schema stands for: itself, what it refers to, each arm of a union."""
    if (reference := schema.get("$ref")) is not None:
        schema = root["$defs"][reference.rpartition("/")[2]]
    yield schema
    for arm in (*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])):
        yield from _arms(root, arm)
