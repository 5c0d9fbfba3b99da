"""Templates inside a whole config: where they are, and what the config becomes when they are resolved."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pydantic import JsonValue

from ichor_models.action_call import SecretPlace
from ichor_models.errors import TemplateError, ValueStored
from ichor_models.expression import Lookup
from ichor_models.path import Path
from ichor_models.stored_value import StoredPlace
from ichor_models.template import Placeholder, Template, parse_template, resolve_text

type Place = tuple[str | int, ...]
type _Found = SecretPlace | StoredPlace


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
    secrets: tuple[SecretPlace, ...] = ()
    stored: tuple[StoredPlace, ...] = ()

    def whole(self) -> dict[str, JsonValue]:
        """Return the config for somebody who fetches no stored value.

        Raises:
            TemplateError: there is one, naming its place.
        """
        for place in self.stored:
            raise TemplateError(f"{written(place.path)}: {ValueStored(place.value, 'the value')}")
        return self.config


class ConfigTemplate:
    """A config read once, to be resolved as often as needed; what holds no template is not looked at again."""

    def __init__(self, config: dict[str, JsonValue]) -> None:
        self._whole = _Container(config, tuple(_readers(config.items(), ())))

    def paths(self) -> Iterator[Path]:
        """Yield every path that its templates read, those of malformed ones aside."""
        return self._whole.paths()

    def resolve(self, lookup: Lookup) -> Resolved:
        """Return the config with its templates resolved.

        Raises:
            TemplateError: a template is malformed or the data does not allow it, naming the place.
        """
        found: list[_Found] = []
        config = self._whole.resolve(lookup, found)
        if not found:
            return Resolved(config)
        secrets = tuple(place for place in found if isinstance(place, SecretPlace))
        return Resolved(config, secrets, tuple(place for place in found if isinstance(place, StoredPlace)))


class _Text:
    """A string with braces, at its place."""

    __slots__ = ("_place", "_template", "_text")

    def __init__(self, text: str, place: Place) -> None:
        self._text = text
        self._place = place
        try:
            self._template = parse_template(text)
        except TemplateError:
            self._template = None

    def paths(self) -> Iterator[Path]:
        for part in self._template.parts if self._template else ():
            if isinstance(part, Placeholder):
                yield from part.paths()

    def resolve(self, lookup: Lookup, places: list[_Found]) -> JsonValue:
        try:
            return self._resolved(self._template or parse_template(self._text), lookup, places)
        except TemplateError as error:
            raise TemplateError(f"{written(self._place)}: {error}") from error

    def _resolved(self, template: Template, lookup: Lookup, places: list[_Found]) -> JsonValue:
        try:
            resolved, found = resolve_text(template, lookup)
        except ValueStored as error:
            if template.single is None or not template.single.is_plain:
                raise
            places.append(StoredPlace(path=self._place, value=error.value))
            return None
        if found:
            places.extend(SecretPlace(path=self._place, start=start, name=name) for start, name in found)
        return resolved


class _Container[C: (dict[str, Any], list[Any])]:
    """An object or a list, and those of its members that hold templates."""

    __slots__ = ("_members", "_value")

    def __init__(self, value: C, members: tuple[tuple[Any, "_Reader"], ...]) -> None:
        self._value = value
        self._members = members

    def paths(self) -> Iterator[Path]:
        for _, member in self._members:
            yield from member.paths()

    def resolve(self, lookup: Lookup, places: list[_Found]) -> C:
        resolved = self._value.copy()
        for key, member in self._members:
            resolved[key] = member.resolve(lookup, places)
        return resolved


type _Reader = _Text | _Container[dict[str, Any]] | _Container[list[Any]]


def _readers(members: Iterable[tuple[str | int, JsonValue]], place: Place) -> Iterator[tuple[str | int, _Reader]]:
    for key, item in members:
        reader = _reader(item, (*place, key))
        if reader is not None:
            yield key, reader


def _reader(value: JsonValue, place: Place) -> _Reader | None:
    """Return what resolves a value, None where that holds no template."""
    if isinstance(value, str):
        return _Text(value, place) if "{{" in value else None
    if isinstance(value, dict):
        members = tuple(_readers(value.items(), place))
        return _Container(value, members) if members else None
    if isinstance(value, list):
        members = tuple(_readers(enumerate(value), place))
        return _Container(value, members) if members else None
    return None
