"""What can go wrong with handlers, their registry and their work.

IchorError
├── HandlerError                the program cannot begin: somebody has to change code or configuration
│   ├── InvalidHandler          a function's annotations do not say what the engine must know
│   ├── DuplicateType           two handlers claim the same action type
│   ├── BrokenEntryPoint        an installed package's handlers cannot be loaded
│   └── InvalidConfiguration    a setting or a file of settings cannot be used; names it
└── ActionError                 (ichor_models) one action failed; `type` is given in brackets
    ├── MissingSecret           [secret] a secret that the config names is not there
    ├── InvalidResult           [result] a handler returned no JSON object, or a port it never declared
    ├── NotTransactional        [handler] a handler asked for a transaction without declaring it
    ├── NotAllowed              [not_allowed] the allow-list does not open a table, column or address
    ├── InvalidValue            [value] the database does not take a value, or a constraint refuses it
    ├── MissingService          [service] the worker was started without something the action needs
    ├── Unavailable             [unavailable] a server does not answer now; a retry may help
    └── JournalUnavailable      [journal] the store does not answer; a retry may help
"""

from ichor_models import ActionError, IchorError

JOURNAL = "journal"
"""The type of error of an action whose store is away: no attempt is counted for it."""


class HandlerError(IchorError):
    """The root of what stops a program before it begins."""


class InvalidHandler(HandlerError):
    """A handler's annotations do not say its config or its result."""


class DuplicateType(HandlerError):
    """Two handlers claim one action type; the message names both packages."""


class BrokenEntryPoint(HandlerError):
    """The handlers of an installed package cannot be loaded; the message names the entry point."""


class InvalidConfiguration(HandlerError):
    """A setting is wrong; the message names it and never shows a secret."""


class MissingSecret(ActionError):
    """A secret is neither a file nor a variable."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type="secret")


class InvalidResult(ActionError):
    """A handler returned something that is no result."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type="result")


class NotTransactional(ActionError):
    """A handler asked for a transaction that it did not declare."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type="handler")


class NotAllowed(ActionError):
    """Configuration does not open what the action wants to touch; the message says how to open it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type="not_allowed")


class InvalidValue(ActionError):
    """The database refuses what the action wants to write."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type="value")


class MissingService(ActionError):
    """The worker's configuration lacks what the action needs."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type="service")


class Unavailable(ActionError):
    """A server does not answer now."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type="unavailable", retryable=True)


class JournalUnavailable(ActionError):
    """The store cannot say or keep what this action did."""

    def __init__(self, message: str) -> None:
        super().__init__(message, type=JOURNAL, retryable=True)
