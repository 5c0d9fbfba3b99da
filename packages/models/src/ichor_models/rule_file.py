"""The workflow file: a rule as people write it, in YAML or JSON (semantics.md, The workflow file)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from ichor_models.action_type import Catalogue
from ichor_models.analyzer import analyze_rule
from ichor_models.event import EventType
from ichor_models.graph import Action, Edge, EdgeType
from ichor_models.problem import Problem, Report
from ichor_models.rule import Rule, RunOptions, Trigger
from ichor_models.spelling import ended, unknown_key
from ichor_models.strict_json import check_json
from ichor_models.text import as_text, shown
from ichor_models.wording import in_words
from ichor_models.yaml_text import dump_text

_PARTS: Mapping[str, type[BaseModel]] = {"trigger": Trigger, "options": RunOptions}
_LISTS: Mapping[str, type[BaseModel]] = {"actions": Action, "edges": Edge}
_INTERNAL = {"problem", "repeated"}
_EDGE = re.compile(r"edges\[([0-9]+)\]")


def check_document(document: JsonValue, catalogue: Catalogue) -> tuple[Rule | None, Report]:
    """Read a rule and find everything that is wrong with it; the rule is there only where nothing is."""
    try:
        check_json(document)
    except ValueError as error:
        return None, _refused(f"The file cannot be used: {error}.")
    if not isinstance(document, dict):
        return None, _refused("A workflow file is an object with name, trigger, actions and edges.")
    draft, problems = _draft(document)
    found = analyze_rule(draft, catalogue)
    fresh = (problem for problem in _fresh(found.problems, problems) if problem.code not in _denied(document))
    numbers = _numbers(document)
    report = Report(
        problems=(*problems, *(_numbered(problem, numbers) for problem in fresh)),
        warnings=tuple(_numbered(warning, numbers) for warning in found.warnings),
    )
    return (draft if report.valid else None), report


def rule_document(rule: Rule) -> dict[str, JsonValue]:
    """Return a rule as its file holds it, without what is only the default."""
    document = rule.model_dump(mode="json", exclude_defaults=True, exclude={"trigger", "actions", "edges"})
    document["trigger"] = rule.trigger.model_dump(mode="json", exclude_defaults=True)
    document["actions"] = [
        item.model_dump(mode="json", exclude_defaults=True, exclude=_INTERNAL) for item in rule.actions
    ]
    document["edges"] = [
        {"source": item.source, **item.model_dump(mode="json", exclude_defaults=True)} for item in rule.edges
    ]
    return document


def rule_yaml(rule: Rule) -> str:
    """Write a rule as a workflow file in YAML."""
    return dump_text(rule_document(rule))


def _refused(message: str) -> Report:
    return Report(problems=(Problem(code="invalid_file", where="file", message=message),))


def _draft(document: dict[str, JsonValue]) -> tuple[Rule, list[Problem]]:
    """Read what can be read of a rule, so that the analyzer sees the rest, too."""
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
        problems[:0] = _problems(error, Rule, "", head)
        name = head.get("name")
        return Rule(name=name if isinstance(name, str) else "", **fields), problems


def _part(document: dict[str, JsonValue], key: str, problems: list[Problem]) -> BaseModel | None:
    if key not in document:
        if key == "trigger":
            problems.append(Problem(code="missing_key", where=key, message=f"The key {key!r} is missing; add it."))
        return None
    try:
        return _PARTS[key].model_validate(document.get(key))
    except ValidationError as error:
        problems.extend(_problems(error, _PARTS[key], key, document.get(key)))
        return None


def _items(document: dict[str, JsonValue], key: str, problems: list[Problem]) -> Iterator[BaseModel]:
    items = document.get(key)
    if not isinstance(items, list):
        message = f"A workflow file has {key}: a list of them; write [] if there are none."
        problems.append(Problem(code="invalid_file", where=key, message=message))
        return
    for index, item in enumerate(items):
        where = f"{key}[{index}]"
        try:
            if isinstance(item, dict) and _INTERNAL & item.keys() and key == "actions":
                problems.extend(_internal(where, item))
                item = {name: value for name, value in item.items() if name not in _INTERNAL}
            yield _LISTS[key].model_validate(item)
        except ValidationError as error:
            problems.extend(_problems(error, _LISTS[key], where, item))
            yield from _salvaged(key, item)


def _internal(where: str, item: dict[str, JsonValue]) -> Iterator[Problem]:
    """Refuse the keys that only a stored action has."""
    for key in sorted(_INTERNAL & item.keys()):
        message = f"The key {key!r} is no key that belongs here; remove it."
        yield Problem(code="unknown_key", where=_named(f"{where}.{key}", where, item), message=message)


def _salvaged(key: str, item: JsonValue) -> Iterator[BaseModel]:
    """Yield what an item with mistakes seems to mean, so that its mistakes do not look like others."""
    if not isinstance(item, dict):
        return
    if key == "edges" and (target := _text(item.get("target"))) is not None:
        source, port = _text(item.get("source")), _text(item.get("source_output"))
        known = item.get("type") in [kind.value for kind in EdgeType]
        kind = EdgeType(item["type"]) if known else EdgeType.START if source is None else EdgeType.SEQUENCE
        yield Edge(source=source, target=target, type=kind, source_output=port if kind.takes_port or known else None)
    if key == "actions" and (name := _text(item.get("name"))) is not None:
        config = item.get("config")
        active = item.get("is_active") is not False
        type_ = _text(item.get("type")) or ""
        yield Action(name=name, type=type_, is_active=active, config=config if isinstance(config, dict) else {})


def _text(value: JsonValue) -> str | None:
    """Return what a name seems to be, also where somebody forgot its quotes."""
    return as_text(value) if isinstance(value, (str, int, float)) else None


def _problems(error: ValidationError, model: type[BaseModel], where: str, value: JsonValue) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        place = ".".join([part for part in (where, *map(str, item["loc"])) if part]) or "file"
        last = item["loc"][-1] if item["loc"] else ""
        code = {"extra_forbidden": "unknown_key", "missing": "missing_key"}.get(item["type"], "invalid_value")
        message = f"{f'The key {last!r}' if isinstance(last, str) and last else 'It'} {in_words(item)}."
        if code == "unknown_key":
            hint = unknown_key(model, item["loc"], without=_INTERNAL)
            message = f"The key {last!r} is no key that belongs here; {ended(hint)}"
        if where.startswith("edges") and last == "type" and code == "invalid_value":
            code = "unknown_edge_type"
            message = f"{shown(as_text(item['input']))} is no edge type; write one of {', '.join(EdgeType)}."
        yield Problem(code=code, where=_named(place, where, value), message=message)


def _named(place: str, where: str, value: JsonValue) -> str:
    """Add an action's name to its place."""
    name = value.get("name") if isinstance(value, Mapping) and where.startswith("actions") else None
    return place.replace(where, f"actions.{name}", 1) if isinstance(name, str) and name else place


def _fresh(found: tuple[Problem, ...], before: list[Problem]) -> Iterator[Problem]:
    """Yield what the analyzer found beyond what the file's own form explains already."""
    told = {problem.where for problem in before}
    return (problem for problem in found if told.isdisjoint(_around(problem.where)))


def _denied(document: dict[str, JsonValue]) -> set[str]:
    """Return what the analyzer might say of a file's draft though the file shows that it is not so."""
    shows_actions = {"no_actions"} if document.get("actions") else set[str]()
    shows_start = any(isinstance(edge, dict) and edge.get("type") == "start" for edge in _listed(document, "edges"))
    return shows_actions | ({"no_start"} if shows_start else set())


def _numbers(document: dict[str, JsonValue]) -> list[int]:
    """Return at which places of the file those edges stand that are in the draft."""
    edges = enumerate(_listed(document, "edges"))
    return [index for index, edge in edges if isinstance(edge, dict) and _text(edge.get("target")) is not None]


def _numbered(problem: Problem, numbers: list[int]) -> Problem:
    """Count edges as the file does."""

    def number(match: re.Match[str]) -> str:
        return f"edges[{numbers[int(match[1])]}]"

    message = _EDGE.sub(number, problem.message) if problem.code == "duplicate_edge" else problem.message
    where = _EDGE.sub(number, problem.where, count=1) if _EDGE.match(problem.where) else problem.where
    return problem.model_copy(update={"where": where, "message": message})


def _listed(document: dict[str, JsonValue], key: str) -> list[JsonValue]:
    items = document.get(key)
    return items if isinstance(items, list) else []


def _around(where: str) -> Iterator[str]:
    """Yield a place and those that hold it: `actions.a.config.x`, `actions.a.config`, …"""
    end = len(where)
    while end != -1:
        yield where[:end]
        end = where.rfind(".", 0, end)
