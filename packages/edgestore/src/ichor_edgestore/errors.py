"""What can go wrong in the store. `retryable` says, per class, whether the same call may succeed later.

`action_type` is the type of error that an action ends with where the store fails it (docs/handlers.md).

IchorError (ichor_models)
└── StoreError
    ├── StoreUnavailable      the database does not answer, or not now; retry
    │   └── LoginRefused      it answers, and refuses the user, the password or the database's name; mended at one end
    ├── StoreContended        a deadlock, or a lock that did not come free; retry
    ├── AccessDenied          the database's user lacks a right
    ├── InvalidAddress        the database's address cannot be read
    ├── InvalidRoleQuery      the query that gives people's roles cannot be run
    ├── SchemaError
    │   ├── SchemaTooOld      the database lacks a migration of this release
    │   ├── SchemaTooNew      the database is more than one release ahead
    │   └── SchemaMissing     a table or column that a statement names is not there
    ├── ConstraintViolated    a row that the database refuses
    ├── Unstorable            a value that the database cannot hold
    ├── AlreadyRecorded       a second result for an action that has one
    ├── RuleNotFound          no rule of that id or name
    ├── AmbiguousRule         several rules of that name
    ├── RuleInactive          a rule that nothing starts for now
    ├── RunNotFound           no run of that id
    ├── RunEnded              a run that cannot be cancelled any more
    ├── NotRerunnable         a run that lacks what a rerun needs
    ├── RunOver               a question of a run that has ended
    ├── EventTooLarge         an event above the size that is published
    ├── KeyReused             an idempotency key that stands for another request
    ├── ResultNotFound        an action of a run that has no result
    ├── UnreadableResult      a result whose row was changed by hand
    └── ValueGone             a large value that is not there, or no longer
"""

from typing import ClassVar

from ichor_models import IchorError, RuleId, UnknownRun


class StoreError(IchorError):
    """The root of this package's errors."""

    retryable: ClassVar[bool] = False
    action_type: ClassVar[str] = "database"


class StoreUnavailable(StoreError):
    """The database does not answer, or refuses connections for now."""

    retryable = True
    action_type = "journal"


class LoginRefused(StoreUnavailable):
    """The server answers, and refuses the user, the password or the name of the database."""


class StoreContended(StoreError):
    """Two transactions stood in each other's way; one of them was given up."""

    retryable = True
    action_type = "journal"


class AccessDenied(StoreError):
    """The database's user may not do this."""

    action_type = "not_allowed"


class InvalidAddress(StoreError):
    """A database address cannot be read; the message never shows it."""


class InvalidRoleQuery(StoreError):
    """The deployment's query for the roles of people cannot be run; the message says why."""

    action_type = "roles"


class SchemaError(StoreError):
    """The database's tables are not those that this release works with; `mend` says what to do."""

    mend: ClassVar[str] = "Run `ichor migrate`."


class SchemaTooOld(SchemaError):
    """The database lacks a migration of this release."""


class SchemaTooNew(SchemaError):
    """The database is more than one release ahead of this program."""

    mend = "Install a newer release."


class SchemaMissing(SchemaError):
    """A table or column that a statement names is not there."""


class ConstraintViolated(StoreError):
    """The database refuses a row; `constraint` names the rule, where it has a name."""

    action_type = "value"

    def __init__(self, message: str, constraint: str | None = None) -> None:
        super().__init__(message)
        self.constraint = constraint


class Unstorable(StoreError):
    """The database cannot hold a value: U+0000 in text, a text too long, a number too large, the wrong type."""

    action_type = "value"


class AlreadyRecorded(StoreError):
    """An action that has a result was given a second one."""


class RuleNotFound(StoreError):
    """No rule has this id or name."""


class AmbiguousRule(StoreError):
    """Several rules have this name; say which by id."""


class RuleInactive(StoreError):
    """A rule is not active, so nothing starts it."""


class RunNotFound(StoreError, UnknownRun):
    """No run has this id."""


class RunEnded(StoreError):
    """A run has ended, so that it cannot be cancelled."""


class NotRerunnable(StoreError):
    """A run cannot be repeated; the message says what it lacks."""


class RunOver(StoreError):
    """A run that has ended, or goes on without an action, asks nothing more by it."""

    action_type = "run_ended"


class EventTooLarge(StoreError):
    """An event has more bytes than are published."""


class ResultNotFound(StoreError):
    """A run has no such action, or the action has no result."""


class UnreadableResult(StoreError):
    """The row of a result is of a form that the engine does not write."""


class ValueGone(StoreError):
    """A value that was too large to travel is not there: its run ended long ago, or somebody deleted it."""

    action_type = "value_gone"


class KeyReused(StoreError):
    """An idempotency key was given with another request than before."""


def inactive(rule_id: RuleId) -> RuleInactive:
    """Return the error of a rule that is not active."""
    return RuleInactive(f"The rule {rule_id} is not active.")
