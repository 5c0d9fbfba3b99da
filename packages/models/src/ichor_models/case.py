"""A case: trigger data and the results of actions, to try a graph before it is live."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

from pydantic import AwareDatetime, Field, JsonValue, ValidationError, model_validator

from ichor_models.action_call import EventHeader, RunHeader
from ichor_models.action_type import Catalogue
from ichor_models.control import DELAY, DelayConfig, delay_result
from ichor_models.errors import ActionError, InvalidDocument
from ichor_models.ids import ExecutionId, RuleId
from ichor_models.model import Model
from ichor_models.outcome import ActionState, RunStatus
from ichor_models.question import ASKED
from ichor_models.rule import Rule
from ichor_models.run_request import RunRequest
from ichor_models.stored_value import PlainObject
from ichor_models.wording import all_in_words

_ZEROS = "00000000-0000-0000-0000-000000000000"
_THEN = datetime(2026, 1, 1, tzinfo=UTC)


class Answer(Model):
    """What an action of a case returns: a result, or the message of its error."""

    result: PlainObject | None = None
    error: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.result is None) == (self.error is None):
            raise ValueError('write either {"result": {…}} or {"error": "text"}')
        if self.result is not None and ASKED in self.result:
            raise ValueError(f"a result may not have the key {ASKED}, which the engine keeps for itself")
        return self


class Case(Model):
    """Inputs of a run. An action without an entry completes with `{}`; `event` has the trigger's other fields."""

    trigger_data: dict[str, JsonValue] = Field(default_factory=dict)
    results: dict[str, Answer] = Field(default_factory=dict)
    now: AwareDatetime = _THEN
    user_id: str | None = _ZEROS
    event: dict[str, JsonValue] = Field(default_factory=dict)

    def request(self, rule: Rule) -> RunRequest:
        """Return the request of a run of this case.

        Raises:
            InvalidDocument: the case has a result for an action that the rule does not have, or its event is none.
        """
        unknown = self.results.keys() - {action.name for action in rule.actions}
        if unknown:
            raise InvalidDocument(f"The case has results for {sorted(unknown)}, which are no actions of {rule.name!r}.")
        data = self._data(rule)
        try:
            header = EventHeader.model_validate({key: data.get(key) for key in EventHeader.model_fields})
        except ValidationError as error:
            raise InvalidDocument(f"The event of the case cannot be used: {all_in_words(error)}.") from error
        return RunRequest(
            run=RunHeader(execution_id=ExecutionId(_ZEROS), rule_id=RuleId(_ZEROS), rule_name=rule.name, event=header),
            graph=rule.graph,
            options=rule.options,
            trigger_data=data,
            clock=self.now,
            case=True,
        )

    def fit(self, catalogue: Catalogue, type_: str, config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Check a resolved config as a worker would; raises ActionError where it or its type is refused."""
        if type_ not in catalogue:
            raise ActionError(f"No worker knows the action type {type_!r}.", type="unknown_action_type")
        return catalogue[type_].fit(config)

    def answer(self, name: str, type_: str, config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return the result of an action; raises ActionError where the case says that it fails."""
        entry = self.results.get(name)
        if entry is not None and entry.error is not None:
            raise ActionError(entry.error)
        if entry is not None and entry.result is not None:
            return entry.result
        return delay_result(DelayConfig.model_validate(config).duration) if type_ == DELAY else {}

    def _data(self, rule: Rule) -> dict[str, JsonValue]:
        defaults: dict[str, JsonValue] = {
            "event_id": _ZEROS,
            "event_type": rule.trigger.event.value,
            "entity_name": rule.trigger.entity,
            "entity_id": _ZEROS,
            "user_id": self.user_id,
            "timestamp": self.now.isoformat().replace("+00:00", "Z"),
        }
        return {**defaults, **self.trigger_data, **self.event}


class Expectation(Model):
    """What a case must lead to; every part is optional. `before` has pairs of actions: the first ended earlier."""

    status: RunStatus | None = None
    states: dict[str, ActionState] = Field(default_factory=dict)
    results: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    configs: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    before: tuple[tuple[str, str], ...] = ()
