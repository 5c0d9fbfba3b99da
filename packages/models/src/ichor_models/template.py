"""Templates: `{{ path | filter:argument }}`, `{{ expr: … }}` and `{{secret:name}}` inside a string.

A string is read once into parts and resolved as often as needed. What a template puts in is never read again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydantic import JsonValue

from ichor_models import expression
from ichor_models.errors import TemplateError
from ichor_models.expression import Lookup
from ichor_models.filters import Filter, parse_filter, split_filters
from ichor_models.number import from_decimal, plain
from ichor_models.path import Path
from ichor_models.text import as_text, shown

_ROUNDING = {"round", "currency"}
_SECRET = re.compile(r"secret:\s*([A-Za-z0-9_.-]{1,100})")


@dataclass(frozen=True, slots=True)
class Calculation:
    """What stands behind `expr:`; even a path alone must be a number there."""

    node: expression.Node


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{{ … }}`: where its value comes from and what is done to it."""

    source: Path | Calculation
    filters: tuple[Filter, ...]

    def resolve(self, lookup: Lookup) -> JsonValue:
        """Return the value; raises TemplateError where the data does not allow it."""
        value = lookup(self.source) if isinstance(self.source, Path) else self._calculated(self.source.node, lookup)
        for item in self.filters:
            if value is not None or item.name == "default":
                value = item.apply(value, item.argument)
        return value

    def paths(self) -> Iterator[Path]:
        """Yield the paths it reads."""
        return expression.paths(self.source if isinstance(self.source, Path) else self.source.node)

    @property
    def is_plain(self) -> bool:
        """Say whether it gives the value at a path just as it is, if there is one."""
        return isinstance(self.source, Path) and all(item.name == "default" for item in self.filters)

    @property
    def has_default(self) -> bool:
        """Say whether something is written in place of a missing value."""
        return isinstance(self.source, Path) and any(item.name == "default" for item in self.filters)

    def _calculated(self, node: expression.Node, lookup: Lookup) -> JsonValue:
        """Calculate; what a filter rounds keeps all its digits, which a number of JSON would not."""
        number = expression.evaluate(node, lookup)
        rounded = self.filters and self.filters[0].name in _ROUNDING
        return plain(number) if rounded else from_decimal(number)


@dataclass(frozen=True, slots=True)
class Secret:
    """One `{{secret:name}}`; its text stays as it is until the activity runs."""

    name: str

    @property
    def text(self) -> str:
        """Return it as it is written into the resolved text."""
        return f"{{{{secret:{self.name}}}}}"


type Part = str | Placeholder | Secret


@dataclass(frozen=True, slots=True)
class Template:
    """A string read into its parts."""

    parts: tuple[Part, ...]

    @property
    def single(self) -> Placeholder | None:
        """Return the placeholder of a string that is one single template."""
        part = self.parts[0] if len(self.parts) == 1 else None
        return part if isinstance(part, Placeholder) else None


@lru_cache(maxsize=20_000)
def parse_template(text: str) -> Template:
    """Read a string.

    Raises:
        TemplateError: the first thing in it that is malformed.
    """
    parts: list[Part] = []
    for piece in scan(text):
        if isinstance(piece, TemplateError):
            raise piece
        parts.append(piece)
    return Template(tuple(parts))


def scan(text: str) -> Iterator[Part | TemplateError]:
    """Yield the parts of a string, with an error in place of each that is malformed.

    Braces that belong to literal JSON are text: `}}` is malformed only where no two braces are open.
    """
    position = depth = 0
    while (start := text.find("{{", position)) != -1:
        end = text.find("}}", start)
        literal = text[position:start]
        depth = _depth(literal, depth)
        if depth < 0:
            yield _closes_nothing(text)
            depth = 0
        if literal:
            yield literal
        if end == -1:
            yield TemplateError(f"the {{{{ in {shown(text[start:])} is not closed; write }}}} after the path")
            return
        yield _part(text[start + 2 : end])
        position = end + 2
    if position < len(text) or not text:
        if _depth(text[position:], depth) < 0:
            yield _closes_nothing(text)
        yield text[position:]


def _depth(literal: str, depth: int) -> int:
    """Return how many single braces are open behind a literal, -1 where a `}}` closes more than was opened."""
    for index, character in enumerate(literal):
        if character == "{":
            depth += 1
        elif character == "}":
            if depth < 2 and literal[index + 1 : index + 2] == "}":
                return -1
            depth = max(0, depth - 1)
    return depth


def _closes_nothing(text: str) -> TemplateError:
    return TemplateError(f"a }}}} in {shown(text)} closes nothing; write {{{{ before the path or remove it")


def _malformed(body: str, mend: str) -> TemplateError:
    return TemplateError(f"{shown(f'{{{{{body}}}}}')} is malformed; {mend}")


def _part(body: str) -> Part | TemplateError:
    try:
        return _secret(body) or _placeholder(body)
    except TemplateError as error:
        return error


def _secret(body: str) -> Secret | None:
    if not body.strip().startswith("secret:"):
        return None
    match = _SECRET.fullmatch(body.strip())
    if match is None:
        raise _malformed(body, "write {{secret:name}} with a name of letters, digits, _ . -")
    return Secret(match[1])


def _placeholder(body: str) -> Placeholder:
    written, *filters = split_filters(body)
    source = written.strip()
    if not source or "{" in body or "}" in body:
        raise _malformed(body, "write a path between two braces: {{ customer.name }}")
    if source.startswith("expr:"):
        origin = Calculation(expression.parse_expression(source.removeprefix("expr:")))
    else:
        origin = Path.of(source)
        if not origin.well_formed:
            raise _malformed(body, "a part of the path is empty; write customer.name, and an action by its slug")
    return Placeholder(origin, tuple(parse_filter(item) for item in filters))


def resolve_text(template: Template, lookup: Lookup) -> tuple[JsonValue, list[tuple[int, str]]]:
    """Resolve a string to its value and the places (offset in characters, name) of the secrets in it.

    Raises:
        TemplateError: the data does not allow it, saying which value.
    """
    if (single := template.single) is not None:
        return single.resolve(lookup), []
    texts: list[str] = []
    secrets: list[tuple[int, str]] = []
    length = 0
    for part in template.parts:
        if isinstance(part, str):
            text = part
        elif isinstance(part, Placeholder):
            text = as_text(part.resolve(lookup))
        else:
            secrets.append((length, part.name))
            text = part.text
        texts.append(text)
        length += len(text)
    return "".join(texts), secrets
