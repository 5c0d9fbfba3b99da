"""Templates inside a whole config: where they are, and what the config becomes when they are resolved."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from ichor_models.action_call import SecretPlace
from ichor_models.errors import TemplateError
from ichor_models.expression import Lookup
from ichor_models.template import parse_template, resolve_text

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


def resolve_config(
    config: Mapping[str, JsonValue], lookup: Lookup
) -> tuple[dict[str, JsonValue], tuple[SecretPlace, ...]]:
    """Return a config with its templates resolved, and the places of its secrets, whose text stays.

    Raises:
        TemplateError: a template is malformed or the data does not allow it, naming the place.
    """
    secrets: list[SecretPlace] = []
    resolved = {key: _resolve(item, (key,), lookup, secrets) for key, item in config.items()}
    return resolved, tuple(secrets)


def _resolve(value: JsonValue, place: Place, lookup: Lookup, secrets: list[SecretPlace]) -> JsonValue:
    if isinstance(value, str):
        if "{{" not in value:
            return value
        try:
            resolved, found = resolve_text(parse_template(value), lookup)
        except TemplateError as error:
            raise TemplateError(f"{written(place)}: {error}") from error
        secrets.extend(SecretPlace(path=place, start=start, name=name) for start, name in found)
        return resolved
    if isinstance(value, dict):
        return {key: _resolve(item, (*place, key), lookup, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, (*place, index), lookup, secrets) for index, item in enumerate(value)]
    return value
