"""What the engine knows of a type of action: its config's schema, its ports, its time limits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from ichor_models.errors import ConfigError
from ichor_models.graph import FAILURE, SUCCESS
from ichor_models.text import as_text
from ichor_models.truncation import told_cut
from ichor_models.wording import in_words_of_a_template


@dataclass(frozen=True, slots=True)
class ActionPolicy:
    """Time limits and retries: `timeout` bounds one attempt; `backoff` is the first pause, doubled each time."""

    timeout: timedelta = timedelta(minutes=5)
    max_attempts: int = 3
    backoff: timedelta = timedelta(seconds=1)


NORMAL = ActionPolicy()
LONG_RUNNING = ActionPolicy(timeout=timedelta(minutes=30))


@dataclass(frozen=True, slots=True)
class ActionType:
    """A type of action. `config` is the model of its resolved config; `ports` are the outputs that it declares.

    One with `open_ports` may leave by any other port, too.
    """

    name: str
    config: type[BaseModel]
    ports: tuple[str, ...] = (SUCCESS,)
    policy: ActionPolicy = NORMAL
    open_ports: bool = False

    @property
    def all_ports(self) -> tuple[str, ...]:
        """Return its ports with the error edge, which every type has."""
        return (*self.ports, FAILURE)

    def may_leave_by(self, port: JsonValue) -> bool:
        """Say whether a result may name this port."""
        return port in self.all_ports or (self.open_ports and isinstance(port, str))

    def fit(self, config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Check a resolved config; numbers and booleans become text where text is asked, null the empty text.

        Raises:
            ConfigError: it does not fit, naming every key at fault but no value.
        """
        fitted, errors = self._fit(dict(config))
        if errors:
            raise ConfigError(f"The config of {self.name} does not fit: " + "; ".join(map(describe, errors[:10])))
        return fitted

    def errors(self, config: Mapping[str, JsonValue]) -> list[ErrorDetails]:
        """Return what the schema has against a config as it is written, templates included."""
        return self._fit(dict(config))[1]

    def _fit(self, config: dict[str, JsonValue]) -> tuple[dict[str, JsonValue], list[ErrorDetails]]:
        for _ in range(10):
            errors = self._validate(config)
            texts = [error for error in errors if _wants_text(error)]
            if not texts:
                return config, errors
            config = deepcopy(config)
            if not any([_make_text(config, error["loc"]) for error in texts]):
                return config, errors
        return config, self._validate(config)

    def _validate(self, config: dict[str, JsonValue]) -> list[ErrorDetails]:
        try:
            self.config.model_validate(config)
        except ValidationError as error:
            return _without_echoes(error.errors(include_url=False))
        return []


class Catalogue(Mapping[str, ActionType]):
    """The action types that a program knows, by name."""

    def __init__(self, types: Iterable[ActionType]) -> None:
        self._types = {item.name: item for item in types}

    def __getitem__(self, name: str) -> ActionType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


def describe(error: ErrorDetails) -> str:
    """Say what is wrong at which key of a resolved config, without the value, which may be secret."""
    place = ".".join(map(str, error["loc"]))
    return f"{place or 'it'} {in_words_of_a_template(error)}{told_cut(error['input'])}"


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where items were only not counted, because they have errors of their own."""
    around = {error["loc"][:length] for error in errors for length in range(len(error["loc"]))}
    return [error for error in errors if error["type"] != "too_short" or error["loc"] not in around]


def _wants_text(error: ErrorDetails) -> bool:
    return error["type"] == "string_type" and (error["input"] is None or isinstance(error["input"], (bool, int, float)))


def _make_text(config: dict[str, JsonValue], place: Sequence[int | str]) -> bool:
    """Turn the value at a place into text; say whether it was found. Keys that name an arm of a union lead nowhere."""
    container: Any = config
    for key in place:
        try:
            value = container[key]
        except (KeyError, IndexError, TypeError):
            continue
        if not isinstance(value, (dict, list)):
            container[key] = as_text(value)
            return True
        container = cast("Any", value)
    return False
