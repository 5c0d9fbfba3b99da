"""YAML as JSON writes values: no dates, no `yes` and `no`, no aliases, no key twice."""

import json
import re
from typing import Any

import yaml
from pydantic import JsonValue

from ichor_models.errors import InvalidDocument
from ichor_models.strict_json import parse_json

_RESOLVERS = {
    "tag:yaml.org,2002:null": (r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    "tag:yaml.org,2002:int": (r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        r"^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$",
        list("-+0123456789"),
    ),
}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own class attribute)

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event: Any = _untyped(self).peek_event()
            raise yaml.MarkedYAMLError(
                problem="aliases are not supported; repeat the value", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)


def _untyped(loader: _Loader | type[_Loader]) -> Any:
    """Return a loader without PyYAML's partial types."""
    return loader


def _construct_mapping(loader: _Loader, node: Any) -> dict[str, Any]:
    keys: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in keys:
            raise yaml.MarkedYAMLError(problem="a key is no text, or stands there twice", problem_mark=key.start_mark)
        keys.add(key.value)
    return {key.value: _untyped(loader).construct_object(value, deep=True) for key, value in node.value}


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
for _tag, (_pattern, _first) in _RESOLVERS.items():
    _untyped(_Loader).add_implicit_resolver(_tag, re.compile(_pattern), _first)


def load_text(text: str) -> JsonValue:
    """Read a document written as JSON or YAML.

    Raises:
        InvalidDocument: it is neither, with the line and column.
    """
    try:
        if text.lstrip().startswith("{"):
            return _load_json(text)
        return parse_json(json.dumps(yaml.load(text, Loader=_Loader), ensure_ascii=False))
    except yaml.YAMLError as error:
        raise InvalidDocument(f"The text is no YAML: {_sentence(error)}.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidDocument(f"The text cannot be read: {error}.") from error


def _load_json(text: str) -> JsonValue:
    """Read JSON; a text that only looks like it may still be YAML in its flow style."""
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        try:
            return parse_json(json.dumps(yaml.load(text, Loader=_Loader), ensure_ascii=False))
        except yaml.YAMLError:
            raise error from None


def _sentence(error: BaseException) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())
