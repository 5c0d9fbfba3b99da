"""The graphs that are measured, each beside the hand-written workflow that does the same."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from uuid import uuid5

import handwritten
from handwritten import KEYS, TYPE
from ichor_models import Rule
from ichor_testing.graph_builder import GraphBuilder


@dataclass(frozen=True, slots=True)
class Shape:
    """A rule and its rival; `at_once` runs are taken for throughput, `steps` actions of a run follow each other."""

    name: str
    rule: Rule
    rival: Callable[..., object]
    at_once: int
    steps: int
    size: int

    @property
    def actions(self) -> int:
        """Return how many actions a run does."""
        return len(self.rule.actions)


def chain(length: int, at_once: int = 8) -> Shape:
    """Return actions one after the other, each of which reads the result of the one before."""
    names = [f"step {number}" for number in range(length)]
    builder = GraphBuilder(TYPE).action(names[0], message="{{entity_id}} begins").start(names[0])
    for before, name in pairwise(names):
        builder.action(name, message=f"{{{{entity_id}}}} after {{{{{before}.audit_id}}}}").then(before, name)
    return Shape(f"chain {length}", _rule(builder), handwritten.Chain, at_once, length, length)


def diamond(at_once: int = 16) -> Shape:
    """Return a fork of two and a join."""
    builder = GraphBuilder(TYPE).action("first", message="{{entity_id}} begins").start("first")
    for name in ("left", "right"):
        builder.action(name, message=f"{name} of {{{{first.audit_id}}}}").fork("first", name)
    builder.action("last", message="{{left.audit_id}} and {{right.audit_id}}").join("last", "left", "right")
    return Shape("diamond", _rule(builder), handwritten.Diamond, at_once, 3, 4)


def fan(width: int, at_once: int = 8) -> Shape:
    """Return actions side by side and a join, at most so many in flight as a run does unless told otherwise."""
    names = [f"wing {number}" for number in range(width)]
    builder = GraphBuilder(TYPE)
    for name in names:
        builder.action(name, message=f"{{{{entity_id}}}} {name}").start(name)
    builder.action("last", message="{{entity_id}} ends").join("last", *names)
    return Shape(f"fan {width}", _rule(builder), handwritten.Fan, at_once, 2, width)


def _rule(builder: GraphBuilder) -> Rule:
    """Return the rule with ids for its actions, as stored ones have."""
    rule = builder.rule("measured")
    actions = tuple(action.model_copy(update={"id": str(uuid5(KEYS, action.name))}) for action in rule.actions)
    return rule.model_copy(update={"actions": actions})
