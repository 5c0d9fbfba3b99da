"""What can go wrong with a graph or a value in it.

IchorError
├── InvalidRule        a rule that the analyzer refuses; carries every problem
├── InvalidMessage     a message that cannot be used; carries a stable code
│   ├── InvalidEvent   an event
│   └── InvalidReply   a reply
├── InvalidDocument    a file that is no YAML, JSON or case at all
├── TemplateError      a template that cannot be read, or cannot be resolved with the data it met
│   └── ValueStored    it needs a value that is too large to travel
├── InvalidDuration    a text that is no duration
├── UnknownRun         a run that no store knows, or knows no longer
└── ActionError        an action failed; says whether a retry may help
    └── ConfigError    an action's config does not fit its schema; a retry cannot help
"""

from typing import TYPE_CHECKING

from pydantic import JsonValue

if TYPE_CHECKING:
    from ichor_models.problem import Problem
    from ichor_models.stored_value import StoredValue


class IchorError(Exception):
    """The root of all errors that this project raises on purpose."""


class InvalidRule(IchorError):
    """A rule was refused; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: "tuple[Problem, ...]") -> None:
        super().__init__("; ".join(f"{p.where}: {p.message}" for p in problems))
        self.problems = problems


class InvalidMessage(IchorError):
    """A message cannot be used; `code` is stable, the message says what to mend."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class InvalidEvent(InvalidMessage):
    """An event cannot be used."""


class InvalidReply(InvalidMessage):
    """A reply cannot be used."""


class InvalidDocument(IchorError):
    """A file could not be read as what it should be."""


class TemplateError(IchorError):
    """A template is malformed, or its values do not allow what it asks; `code` is the analyzer's."""

    def __init__(self, message: str, *, code: str = "malformed_template") -> None:
        super().__init__(message)
        self.code = code


class ValueStored(TemplateError):
    """A template reads a value that is too large to travel; it can only be the whole of a string, and an activity's."""

    def __init__(self, value: "StoredValue", path: str) -> None:
        super().__init__(
            f"{path} has {value.size:,} bytes, too many to be put into a text, a condition or a filter; "
            "read a part of it, or give it whole to an action"
        )
        self.value = value


class InvalidDuration(IchorError, ValueError):
    """A text is not a duration."""


class UnknownRun(IchorError):
    """A run has no row, so nothing can be written about it."""


class ActionError(IchorError):
    """An action failed. `type` is a stable name for the kind of failure; `retryable` says if a retry may help."""

    def __init__(self, message: str, *, type: str = "ActionError", retryable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.retryable = retryable

    def as_json(self) -> dict[str, JsonValue]:
        """Return the error object that templates and outcomes show."""
        return {"message": self.message, "type": self.type, "retryable": self.retryable}


class ConfigError(ActionError):
    """An action's resolved config does not fit its schema."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type="config")
