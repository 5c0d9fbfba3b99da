"""Where an outcome is not what a case expects."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from ichor_models import Expectation, Outcome
from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where it is not: `where` is a path into `expect`."""

    where: str
    expected: JsonValue
    actual: JsonValue = None
    absent: bool = False

    def document(self) -> dict[str, JsonValue]:
        """Return it as `ichor test --json` prints it."""
        return {**asdict(self), "message": self.message}

    @property
    def message(self) -> str:
        """Say it in a sentence."""
        return f"{self.where} should be {_written(self.expected)} and is {self._seen()}."

    def _seen(self) -> str:
        return "not there" if self.absent else _written(self.actual)


def differences(expect: Expectation, outcome: Outcome) -> Iterator[Difference]:
    """Yield what differs; of results and configs only what `expect` names is compared."""
    actions = outcome.actions
    if expect.status is not None and outcome.status is not expect.status:
        yield Difference("status", expect.status.value, outcome.status.value)
    for name, state in expect.states.items():
        if name not in actions:
            yield Difference(f"states.{name}", state.value, absent=True)
        elif actions[name].state is not state:
            yield Difference(f"states.{name}", state.value, actions[name].state.value)
    yield from _unlike("results", {**expect.results}, {name: action.result for name, action in actions.items()})
    yield from _unlike("configs", {**expect.configs}, {name: action.config for name, action in actions.items()})
    for earlier, later in expect.before:
        yield from _order(earlier, later, outcome)


def _order(earlier: str, later: str, outcome: Outcome) -> Iterator[Difference]:
    where = f"before.{earlier}.{later}"
    ran = {name: place for place, name in enumerate(outcome.order)}
    absent = [name for name in (earlier, later) if name not in ran]
    if absent:
        yield Difference(where, f"{earlier} before {later}", f"{' and '.join(absent)} did not run")
    elif ran[earlier] >= ran[later]:
        yield Difference(where, f"{earlier} before {later}", f"{later} before {earlier}")


def _unlike(where: str, expected: JsonValue, actual: JsonValue) -> Iterator[Difference]:
    """Compare as JSON: an object must have the fields that are named, a list all items, 1 is 1.0 but not true."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            if key in actual:
                yield from _unlike(f"{where}.{key}", value, actual[key])
            else:
                yield Difference(f"{where}.{key}", value, absent=True)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, value in enumerate(expected):
            yield from _unlike(f"{where}.{index}", value, actual[index])
    elif isinstance(expected, bool) is not isinstance(actual, bool) or expected != actual:
        yield Difference(where, expected, actual)


def _written(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
