"""An action as its row holds it, and the action of the graph that it means (docs/database.md).

The type is the template's, else the config's `action_type`, else its `type`. These keys and `options`, the limits of
the action, are the engine's: the handler never sees them. A row that cannot be read is an action with a `problem`.
"""

from typing import NamedTuple

from ichor_models import Action, ActionOptions
from ichor_models.text import shown
from ichor_models.wording import all_in_words
from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

ACTION_TYPE = "action_type"
OPTIONS = "options"
_OWN = "ichor."
"""How the names of the engine's own activities begin."""
_LONGEST_TYPE = 200
RESERVED = (ACTION_TYPE, "type", OPTIONS)
"""The keys of a stored config that no handler can have."""


class StoredAction(NamedTuple):
    """The columns of an action."""

    id: str
    name: str | None
    description: str | None
    is_active: bool
    template_type: str | None
    config: str | None

    def action(self, name: str, *, repeated: bool, problem: str | None) -> Action:
        """Return the action under the name that it has in its graph; `problem` is what is known to be wrong already."""
        config, unreadable = _object(self.config)
        type_, untyped = self._type(config)
        options, unfit = _options(config)
        for key in RESERVED:
            config.pop(key, None)
        found = problem or unreadable or untyped or unfit
        return Action(
            id=self.id,
            name=name,
            type=type_,
            description=self.description,
            is_active=self.is_active,
            config=config,
            options=options,
            problem=found,
            repeated=repeated,
        )

    def _type(self, config: dict[str, JsonValue]) -> tuple[str, str | None]:
        for candidate in (self.template_type, config.get(ACTION_TYPE), config.get("type")):
            if isinstance(candidate, str) and (candidate.startswith(_OWN) or len(candidate) > _LONGEST_TYPE):
                return "", f"The type of the stored action cannot be one: {shown(candidate)}."
            if isinstance(candidate, str) and candidate:
                return candidate, None
        return "", "The stored action has no type: neither a template nor a key `action_type` in its config."


_USUAL = ActionOptions()


def _object(text: str | None) -> tuple[dict[str, JsonValue], str | None]:
    try:
        value: JsonValue = from_json(text) if text is not None else None
    except ValueError:
        return {}, "The config of the stored action cannot be read."
    if not isinstance(value, dict):
        return {}, "The config of the stored action is no JSON object."
    return value, None


def _options(config: dict[str, JsonValue]) -> tuple[ActionOptions, str | None]:
    if OPTIONS not in config:
        return _USUAL, None
    try:
        return ActionOptions.model_validate(config[OPTIONS]), None
    except ValidationError as error:
        return _USUAL, f"The stored action cannot be read: {all_in_words(error, place=OPTIONS)}."
