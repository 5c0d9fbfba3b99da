"""The workflow file: a rule as people write it, in YAML or JSON (semantics.md, The workflow file)."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel, JsonValue, ValidationError

from ichor_models.action_type import Catalogue
from ichor_models.analyzer import analyze_rule
from ichor_models.event import EventType
from ichor_models.graph import Action, Edge, EdgeType
from ichor_models.problem import Problem, Report
from ichor_models.rule import Rule, RunOptions, Trigger

_PARTS = {"trigger": Trigger, "options": RunOptions}
_LISTS = {"actions": Action, "edges": Edge}
_INTERNAL = {"problem", "repeated"}


def check_document(document: JsonValue, catalogue: Catalogue) -> tuple[Rule | None, Report]:
    """Read a rule and find everything that is wrong with it; the rule is there only where nothing is."""
    draft, problems = _draft(document)
    if draft is None:
        return None, Report(problems=tuple(problems))
    found = analyze_rule(draft, catalogue)
    report = Report(problems=(*problems, *_fresh(found.problems, problems)), warnings=found.warnings)
    return (draft if report.valid else None), report


def rule_document(rule: Rule) -> dict[str, JsonValue]:
    """Return a rule as its file holds it, without what is only the default."""
    document = rule.model_dump(mode="json", exclude_defaults=True, exclude={"trigger", "actions", "edges"})
    document["trigger"] = rule.trigger.model_dump(mode="json", exclude_defaults=True)
    document["actions"] = [item.model_dump(mode="json", exclude_defaults=True) for item in rule.actions]
    document["edges"] = [
        {"source": item.source, **item.model_dump(mode="json", exclude_defaults=True)} for item in rule.edges
    ]
    return document


def rule_yaml(rule: Rule) -> str:
    """Write a rule as a workflow file in YAML."""
    return yaml.safe_dump(rule_document(rule), sort_keys=False, allow_unicode=True, width=120)


def file_schema(catalogue: Catalogue) -> dict[str, JsonValue]:
    """Return the JSON Schema of the workflow file, so that editors complete it; configs by action type.

    A string that is one single template satisfies any type, so each config key may also be such a text.
    """
    schema = Rule.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Ichor workflow file"
    action = schema["$defs"]["Action"]
    for name in _INTERNAL:
        action["properties"].pop(name, None)
    action["properties"]["type"]["enum"] = sorted(catalogue)
    action["allOf"] = [_typed_config(schema, name, catalogue[name].config) for name in sorted(catalogue)]
    return schema


def _typed_config(schema: dict[str, Any], name: str, config: type[BaseModel]) -> dict[str, JsonValue]:
    own = config.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    for key, value in own.pop("$defs", {}).items():
        schema["$defs"][f"{name}.{key}"] = value
    template = {"type": "string", "pattern": r"^\s*\{\{.*\}\}\s*$"}
    own["properties"] = {key: {"anyOf": [value, template]} for key, value in own.get("properties", {}).items()}
    schema["$defs"][f"config.{name}"] = own
    return {
        "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
        "then": {"properties": {"config": {"$ref": f"#/$defs/config.{name}"}}},
    }


def _draft(document: JsonValue) -> tuple[Rule | None, list[Problem]]:
    """Read what can be read of a rule, so that the analyzer sees the rest, too."""
    if not isinstance(document, dict):
        message = "A workflow file is an object with name, trigger, actions and edges."
        return None, [Problem(code="invalid_file", where="file", message=message)]
    problems: list[Problem] = []
    fields: dict[str, Any] = {
        "trigger": _part(document, "trigger", problems) or Trigger(event=EventType.MANUAL),
        "options": _part(document, "options", problems) or RunOptions(),
        **{key: tuple(_items(document, key, problems)) for key in _LISTS},
    }
    head = {key: value for key, value in document.items() if key not in (*_PARTS, *_LISTS)}
    try:
        return Rule.model_validate({**head, **fields}), problems
    except ValidationError as error:
        problems[:0] = _problems(error, "", head)
        name = head.get("name")
        return Rule(name=name if isinstance(name, str) else "", **fields), problems


def _part(document: dict[str, JsonValue], key: str, problems: list[Problem]) -> BaseModel | None:
    if key not in document and key == "options":
        return None
    try:
        return _PARTS[key].model_validate(document.get(key))
    except ValidationError as error:
        problems.extend(_problems(error, key, document.get(key)))
        return None


def _items(document: dict[str, JsonValue], key: str, problems: list[Problem]) -> Iterator[BaseModel]:
    items = document.get(key)
    if not isinstance(items, list):
        message = f"A workflow file needs {key}: a list of them."
        problems.append(Problem(code="invalid_file", where=key, message=message))
        return
    for index, item in enumerate(items):
        where = f"{key}[{index}]"
        try:
            if isinstance(item, dict) and _INTERNAL & item.keys():
                item = {name: value for name, value in item.items() if name not in _INTERNAL} | {"unknown": None}
            yield _LISTS[key].model_validate(item)
        except ValidationError as error:
            problems.extend(_problems(error, where, item))
            yield from _salvaged(key, item)


def _salvaged(key: str, item: JsonValue) -> Iterator[BaseModel]:
    """Yield what an item with mistakes seems to mean, so that its mistakes do not look like others."""
    if not isinstance(item, dict):
        return
    source, target, port = item.get("source"), item.get("target"), item.get("source_output")
    if key == "edges" and isinstance(target, str) and isinstance(source, str | None):
        known = item.get("type") in [kind.value for kind in EdgeType]
        kind = EdgeType(item["type"]) if known else EdgeType.START if source is None else EdgeType.SEQUENCE
        yield Edge(source=source, target=target, type=kind, source_output=port if isinstance(port, str) else None)
    name, type_, config = item.get("name"), item.get("type"), item.get("config")
    if key == "actions" and isinstance(name, str) and isinstance(type_, str):
        yield Action(name=name, type=type_, config=config if isinstance(config, dict) else {})


def _problems(error: ValidationError, where: str, value: JsonValue) -> Iterator[Problem]:
    for item in error.errors(include_url=False, include_context=False, include_input=True):
        place = ".".join([part for part in (where, *map(str, item["loc"])) if part]) or "file"
        last = item["loc"][-1] if item["loc"] else ""
        message = f"{item['msg'].removeprefix('Value error, ')}; correct it."
        code = "invalid_value"
        if item["type"] == "extra_forbidden":
            code, message = "unknown_key", f"{last!r} is no key that belongs there; remove it or correct its spelling."
        elif item["type"] == "missing":
            code, message = "missing_key", f"The key {last!r} is missing; add it."
        elif where.startswith("edges") and last == "type":
            code = "unknown_edge_type"
            message = f"{item['input']!r} is no edge type; there are {', '.join(EdgeType)}."
        yield Problem(code=code, where=_named(place, where, value), message=message)


def _named(place: str, where: str, value: JsonValue) -> str:
    """Add an action's name to its place."""
    name = value.get("name") if isinstance(value, Mapping) and where.startswith("actions") else None
    return place.replace(where, f"actions.{name}", 1) if isinstance(name, str) and name else place


def _fresh(found: tuple[Problem, ...], before: list[Problem]) -> Iterator[Problem]:
    """Yield what the analyzer found beyond what the file's own form explains already."""
    told = {problem.where for problem in before}
    return (problem for problem in found if problem.where not in told)
