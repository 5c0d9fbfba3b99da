"""What an action's config reads: the paths of its templates and of its conditions."""

from collections.abc import Iterator
from typing import NamedTuple

from ichor_models.condition import Operator
from ichor_models.config_template import Place, texts
from ichor_models.control import CONDITION
from ichor_models.errors import TemplateError
from ichor_models.graph import Action
from ichor_models.path import Path
from ichor_models.template import Part, Placeholder, scan

OF_CHANGES = (Operator.CHANGED_FROM, Operator.CHANGED_TO)
"""Whose field is the name of a change, no path."""

_OF_NULL = (Operator.IS_NULL, Operator.IS_NOT_NULL)


class Read(NamedTuple):
    """A path that an action reads, with the place where it is written; `guarded` where null is provided for."""

    place: Place
    path: Path
    guarded: bool


def parts(action: Action) -> Iterator[tuple[Place, Part | TemplateError]]:
    """Yield the parts of every string with braces, malformed ones as errors."""
    for place, text in texts(dict(action.config)):
        for part in scan(text):
            yield place, part


def references(action: Action) -> Iterator[tuple[Place, Path]]:
    """Yield every path that an action reads, with the place where it is written."""
    return ((read.place, read.path) for read in reads(action))


def reads(action: Action) -> Iterator[Read]:
    """Yield everything that an action reads."""
    for place, part in parts(action):
        if isinstance(part, Placeholder):
            for path in part.paths():
                yield Read(place, path, part.has_default)
    yield from condition_reads(action)


def condition_reads(action: Action) -> Iterator[Read]:
    """Yield what an action reads as a condition, beside its templates."""
    conditions = action.config.get("conditions") if action.type == CONDITION else None
    for index, condition in enumerate(conditions if isinstance(conditions, list) else ()):
        field = condition.get("field_name") if isinstance(condition, dict) else None
        operator = condition.get("operator") if isinstance(condition, dict) else None
        place = ("conditions", index, "field_name")
        if isinstance(field, str):
            is_change = operator in OF_CHANGES
            yield Read(place, Path.of_change(field) if is_change else Path.of(field), is_change or operator in _OF_NULL)
