"""A config with the values of its secrets, and what takes them out again."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

from ichor_models import ActionCall, SecretPlace
from pydantic import JsonValue

from ichor_activities.errors import MissingSecret
from ichor_activities.redaction import NOTHING_SECRET, Redaction
from ichor_activities.secret_source import SecretSource


@dataclass(frozen=True, slots=True)
class FilledConfig:
    """A config as the handler gets it; it never leaves the activity."""

    config: Mapping[str, JsonValue]
    redaction: Redaction = NOTHING_SECRET


async def fill_secrets(call: ActionCall, source: SecretSource) -> FilledConfig:
    """Put each secret where the rule's author wrote it; `{{secret:…}}` anywhere else came in with data and stays.

    Raises:
        MissingSecret: a secret is not there.
    """
    if not call.secrets:
        return FilledConfig(call.config)
    values = {name: await source.get(name) for name in dict.fromkeys(place.name for place in call.secrets)}
    config = deepcopy(call.config)
    for place in _from_the_end(call.secrets):
        _put(config, place, values[place.name])
    return FilledConfig(config, Redaction.of(values))


def _from_the_end(places: Iterable[SecretPlace]) -> list[SecretPlace]:
    """Order places so that putting one in moves no offset that is still to come."""
    return sorted(places, key=lambda place: place.start, reverse=True)


def _put(config: dict[str, JsonValue], place: SecretPlace, value: str) -> None:
    written = f"{{{{secret:{place.name}}}}}"
    container: Any = config
    try:
        for key in place.path[:-1]:
            container = container[key]
        text: object = container[place.path[-1]]
    except (KeyError, IndexError, TypeError):
        text = None
    if not isinstance(text, str) or not text.startswith(written, place.start):
        raise MissingSecret(f"The config has no secret {place.name} at {'.'.join(map(str, place.path))}.")
    container[cast(str, place.path[-1])] = text[: place.start] + value + text[place.start + len(written) :]
