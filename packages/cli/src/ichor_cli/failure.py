"""What is told of an error: a stable code, a sentence, how to mend it, and the exit code (operators.md, Exit codes)."""

import os
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue

from ichor_cli.errors import CliError

DEBUG_VARIABLE = "ICHOR_DEBUG"
_USAGE = 2
_MISSING = 3
_BROKEN = 70
"""As `sysexits.h` has it: a mistake of the program itself."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What all errors of one class have in common."""

    code: str
    exit_code: int
    mend: str


# By name, so that telling of one package's error loads no other package.
_KINDS: Mapping[str, Kind] = {
    "ichor_models.errors.InvalidDocument": Kind("invalid_document", _USAGE, "Correct what was given."),
    "ichor_models.errors.InvalidEvent": Kind("invalid_event", _USAGE, "Correct the event."),
    "ichor_models.errors.InvalidRule": Kind("invalid_rule", 1, "`ichor validate` lists what is wrong with it."),
    "ichor_models.errors.IchorError": Kind("failed", _MISSING, "Mend what the message names."),
    "ichor_activities.errors.HandlerError": Kind(
        "broken_actions", _MISSING, "Correct or uninstall the package that the message names."
    ),
    "ichor_executor.errors.Undecipherable": Kind(
        "key_missing", _MISSING, "Set ICHOR_ENCRYPTION_KEYS to the file that the worker and the trigger have."
    ),
    "ichor_testing.errors.ServerMissing": Kind("server_missing", _MISSING, "Install it, or set its address."),
    "ichor_testing.errors.NobodyAnswers": Kind(
        "server_unreachable", _MISSING, "If it was an `ichor dev` that has ended, open a new shell."
    ),
    "ichor_testing.errors.TestingError": Kind("server_failed", _MISSING, "Read the end of its log in the message."),
    "ichor_service.errors.InvalidSetting": Kind(
        "invalid_setting", _USAGE, "Set or correct the variable, or its line in .env."
    ),
    "ichor_service.errors.Unreachable": Kind("unreachable", _MISSING, "Start the server, or correct its address."),
    "ichor_service.errors.ForeignNamespace": Kind("foreign_namespace", _MISSING, "Correct ICHOR_TEMPORAL_ADDRESS."),
    "ichor_service.errors.LostRun": Kind("run_lost", _MISSING, "Wait: the reaper ends its record within minutes."),
    "ichor_service.errors.ServiceError": Kind("unavailable", _MISSING, "Mend what the message names."),
    "ichor_edgestore.errors.StoreUnavailable": Kind(
        "database_unreachable", _MISSING, "Start PostgreSQL, or correct ICHOR_DATABASE_URL."
    ),
    "ichor_edgestore.errors.LoginRefused": Kind(
        "database_login_refused",
        _MISSING,
        "Correct user, password and database in ICHOR_DATABASE_URL, or make them at the server.",
    ),
    "ichor_edgestore.errors.InvalidAddress": Kind("invalid_setting", _USAGE, "Correct ICHOR_DATABASE_URL."),
    "ichor_edgestore.errors.InvalidRoleQuery": Kind("invalid_setting", _USAGE, "Correct ICHOR_ROLES_SQL."),
    "ichor_edgestore.errors.SchemaTooNew": Kind("schema_too_new", _MISSING, "Install a newer release."),
    "ichor_edgestore.errors.SchemaError": Kind("schema_too_old", _MISSING, "Run `ichor migrate`."),
    "ichor_edgestore.errors.AccessDenied": Kind("access_denied", _MISSING, "Grant the database's user that right."),
    "ichor_edgestore.errors.RuleNotFound": Kind("rule_not_found", _MISSING, "`ichor rules` lists what there is."),
    "ichor_edgestore.errors.AmbiguousRule": Kind("ambiguous_rule", _USAGE, "Name the rule by its id."),
    "ichor_edgestore.errors.RunNotFound": Kind("run_not_found", _MISSING, "`ichor runs` lists what there is."),
    "ichor_edgestore.errors.RunEnded": Kind("run_ended", 1, "`ichor runs show` says how."),
    "ichor_edgestore.errors.ResultNotFound": Kind(
        "result_not_found", _MISSING, "`ichor runs show RUN` lists its actions."
    ),
    "ichor_edgestore.errors.UnreadableResult": Kind(
        "unreadable_result", _MISSING, "`ichor runs show RUN --json` has what stands there."
    ),
    "ichor_edgestore.errors.NotRerunnable": Kind("not_rerunnable", 1, "Publish the event again with another id."),
    "ichor_edgestore.errors.StoreError": Kind("database_refused", _MISSING, "Mend what the message names."),
}
_BUG = Kind("bug", _BROKEN, f"Set {DEBUG_VARIABLE}=1 and run it again to see where, then report it.")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a person or a program is told of an error."""

    code: str
    message: str
    mend: str
    exit_code: int
    details: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def document(self) -> dict[str, JsonValue]:
        """Return it as every command prints it with --json."""
        return {"error": {"code": self.code, "message": self.message, "mend": self.mend, **self.details}}


def explain(error: BaseException) -> Failure:
    """Return what to tell of an error; one that nobody foresaw is a bug, and says how to see more."""
    first = next(_single(error))
    if isinstance(first, CliError):
        return Failure(first.code, str(first), first.mend, first.exit_code, first.details)
    for cls in type(first).__mro__:
        kind = _KINDS.get(f"{cls.__module__}.{cls.__qualname__}")
        if kind is not None:
            return Failure(kind.code, str(first), kind.mend, kind.exit_code)
    return Failure(_BUG.code, f"This is a mistake in ichor: {_words(first)}.", _BUG.mend, _BUG.exit_code)


def trace(error: BaseException) -> str | None:
    """Return the traceback where the environment asks for it."""
    return "".join(traceback.format_exception(error)) if os.environ.get(DEBUG_VARIABLE) else None


def _single(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _single(inner)
    else:
        yield error


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(".: ")
