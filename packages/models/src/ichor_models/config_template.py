"""Templates inside a whole config: where they are, and what the config becomes when they are resolved."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from ichor_models.action_call import SecretPlace
from ichor_models.errors import TemplateError, ValueStored
from ichor_models.expression import Lookup
from ichor_models.stored_value import StoredPlace
from ichor_models.template import Template, parse_template, resolve_text

type Place = tuple[str | int, ...]


def written(place: Place) -> str:
    """Write a place as people do: `config.items.0.name`."""
    return ".".join(["config", *map(str, place)])


def texts(value: JsonValue, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield every string of a config that holds braces, with its place; the keys of objects are no templates."""
    if isinstance(value, str):
        if "{{" in value or "}}" in value:
            yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*place, index))


class Resolved(NamedTuple):
    """A config with its templates resolved, and the places of its secrets, whose text stays, and of stored values."""

    config: dict[str, JsonValue]
    secrets: tuple[SecretPlace, ...]
    stored: tuple[StoredPlace, ...]


def resolve_config(config: Mapping[str, JsonValue], lookup: Lookup) -> Resolved:
    """Resolve the templates of a config.

    Raises:
        TemplateError: a template is malformed or the data does not allow it, naming the place.
    """
    resolving = _Resolving(lookup)
    resolved = {key: resolving.value(item, (key,)) for key, item in config.items()}
    return Resolved(resolved, tuple(resolving.secrets), tuple(resolving.stored))


class _Resolving:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.secrets: list[SecretPlace] = []
        self.stored: list[StoredPlace] = []

    def value(self, value: JsonValue, place: Place) -> JsonValue:
        if isinstance(value, str):
            return self._text(value, place) if "{{" in value else value
        if isinstance(value, dict):
            return {key: self.value(item, (*place, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, (*place, index)) for index, item in enumerate(value)]
        return value

    def _text(self, text: str, place: Place) -> JsonValue:
        try:
            template = parse_template(text)
            resolved, found = self._resolved(template, place)
        except TemplateError as error:
            raise TemplateError(f"{written(place)}: {error}") from error
        self.secrets.extend(SecretPlace(path=place, start=start, name=name) for start, name in found)
        return resolved

    def _resolved(self, template: Template, place: Place) -> tuple[JsonValue, list[tuple[int, str]]]:
        try:
            return resolve_text(template, self._lookup)
        except ValueStored as error:
            if template.single is None or not template.single.is_plain:
                raise
            self.stored.append(StoredPlace(path=place, value=error.value))
            return None, []
