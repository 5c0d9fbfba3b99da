"""YAML as JSON writes values: no dates, no `yes` and `no`, no aliases, no tags, no key twice."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import yaml
from pydantic import JsonValue

from ichor_models.errors import InvalidDocument
from ichor_models.strict_json import check_json, parse_json
from ichor_models.text import shown

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_RARE_LINE_END = re.compile("[\x85\u2028\u2029]")
_WORDS: dict[str, JsonValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], JsonValue]], ...] = (
    (re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), int),
    (_FLOAT, float),
)
_DEEPEST = 100


def load_text(text: str) -> JsonValue:
    """Read a document written as JSON or YAML.

    Raises:
        InvalidDocument: it is neither, with the line and column.
    """
    text = text.removeprefix("\ufeff")
    try:
        return _load_json(text) if text.lstrip().startswith("{") else _load_yaml(text)
    except yaml.YAMLError as error:
        raise InvalidDocument(f"The text is no YAML: {_sentence(error)}.") from error
    except ValueError as error:
        raise InvalidDocument(f"The text cannot be read: {error}.") from error


def dump_text(document: Mapping[str, JsonValue]) -> str:
    """Write a document as YAML that `load_text` reads as the same."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Quotes also what is text for YAML 1.1 but a number here, as `1e5` is, and escapes rare line ends."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _untyped(dumper: Any) -> Any:
    """Return a dumper without PyYAML's partial types."""
    return dumper


def _text(dumper: Any, text: str) -> Any:
    """Write a text; where it holds a line end that readers take for a space, in the quotes that escape it."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _RARE_LINE_END.search(text) else None)


_untyped(_Dumper).add_representer(str, _text)
_untyped(_Dumper).add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(rf"^(?:{_FLOAT.pattern})$"), list("-+0123456789")
)


def _load_json(text: str) -> JsonValue:
    """Read JSON; a text that only looks like it may still be YAML in its flow style."""
    try:
        return parse_json(text, unique_keys=True)
    except json.JSONDecodeError as error:
        try:
            return _load_yaml(text)
        except yaml.YAMLError:
            raise error from None


def _load_yaml(text: str) -> JsonValue:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_PARSER)
    value: JsonValue = None
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                _refuse(event, "a file holds one document; remove what follows ---")
        elif isinstance(event, yaml.NodeEvent):
            value = _value(event, events, 1)
    check_json(value)
    return value


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> JsonValue:
    if depth > _DEEPEST:
        _refuse(event, f"it is nested more than {_DEEPEST} deep")
    if isinstance(event, yaml.AliasEvent):
        _refuse(event, "aliases are not supported; repeat the value")
    if getattr(event, "tag", None) is not None:
        _refuse(event, "tags are not supported; remove it")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    return (_items if isinstance(event, yaml.SequenceStartEvent) else _members)(events, depth + 1)


def _items(events: Iterator[yaml.Event], depth: int) -> JsonValue:
    items: list[JsonValue] = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        items.append(_value(event, events, depth))
    return items


def _members(events: Iterator[yaml.Event], depth: int) -> JsonValue:
    members: dict[str, JsonValue] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _key(event, members)
        members[key] = _value(next(events), events, depth)
    return members


def _key(event: yaml.Event, members: Mapping[str, JsonValue]) -> str:
    if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
        _refuse(event, "a key must be text")
    key: str = event.value
    if key in members:
        _refuse(event, f"the key {shown(key)} stands twice in one object; remove one of them")
    return key


def _scalar(event: Any) -> JsonValue:
    text: str = event.value
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    for pattern, convert in _NUMBERS:
        if pattern.fullmatch(text):
            return convert(text)
    return text


def _refuse(event: Any, problem: str) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


def _sentence(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())
