"""What a block of data may be: each kind reads one, and raises where it is not valid."""

import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from ichor_activities import discover
from ichor_activities.entity_file import EntityFile
from ichor_models import (
    Case,
    Expectation,
    Lineage,
    Outcome,
    Report,
    check_document,
    load_text,
    parse_event,
    parse_reply,
)
from ichor_models.control import ConditionConfig
from ichor_service import ApiTokens

from .page import Block

type Reader = Callable[[str], object]


def _workflow(document: Any) -> None:
    _, report = check_document(document, discover().catalogue)
    assert report == Report(), report


def _actions(document: Any) -> None:
    names = [action["name"] for action in document]
    targets = zip([None, *names], names, strict=False)
    edges = [{"source": source, "target": name, "type": "sequence" if source else "start"} for source, name in targets]
    trigger = {"entity": "orders", "event": "on_create"}
    _workflow({"name": "of a page", "trigger": trigger, "actions": document, "edges": edges})


def _trigger(document: Any) -> None:
    action = {"name": "log", "type": "log_audit_entry", "config": {"message": "hello"}}
    edges = [{"source": None, "target": "log", "type": "start"}]
    _workflow({"name": "of a page", "trigger": document, "actions": [action], "edges": edges})


def _case_file(document: Any) -> None:
    Case.model_validate(document["case"])
    Expectation.model_validate(document["expect"])


_KINDS: Mapping[str, Callable[[Any], object]] = {
    "workflow": _workflow,
    "actions": _actions,
    "trigger": _trigger,
    "conditions": ConditionConfig.model_validate,
    "case": Case.model_validate,
    "outcome": Outcome.model_validate,
    "case file": _case_file,
    "entities": EntityFile.model_validate,
    "tokens": ApiTokens.model_validate,
    "event": lambda document: parse_event(json.dumps(document).encode()),
    "lineage": lambda document: Lineage.model_validate(document["lineage"]),
    "reply": lambda document: parse_reply(json.dumps(document).encode()),
}
_READERS: Mapping[str, Reader] = {
    "json": json.loads,
    "yaml": load_text,
    "toml": tomllib.loads,
    "python": lambda text: compile(text, "block", "exec"),
    "mermaid": lambda text: _diagram(text.split()[0]),
}


def read_block(block: Block) -> None:
    """Read a block in its language and, where it has one, as its kind; raises where it cannot be read."""
    reader = _READERS.get(block.language, str)
    document = reader(block.body)
    if kind := block.marker.kind:
        assert kind in _KINDS, f"{block.place}: a kind is one of {', '.join(_KINDS)}, not {kind!r}"
        _KINDS[kind](document)


def _diagram(word: str) -> None:
    assert word in {"flowchart", "graph", "sequenceDiagram", "stateDiagram-v2", "erDiagram", "gantt"}, word
