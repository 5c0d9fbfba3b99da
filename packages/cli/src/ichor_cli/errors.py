"""Why a command ends without having done its work.

IchorError (ichor_models)
└── CliError           says what to do about it; none of them is mended by trying again
    ├── WrongUsage     the arguments, or a file that they name, are not what the command takes: exit 2
    │   └── InvalidCase    a case, or a case file, that cannot be read or does not fit its rule
    └── Missing        a file, a server or another thing that the command needs is not there: exit 3
"""

from collections.abc import Mapping
from typing import ClassVar

from ichor_models import IchorError
from pydantic import JsonValue

_FORM = 'Write {"trigger_data": {…}, "results": {"ACTION": {"result": {…}} or {"error": "text"}}}.'


class CliError(IchorError):
    """The root of this package's errors; `code` is stable, `mend` says what to do, `details` are for programs."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, code: str, mend: str, details: Mapping[str, JsonValue] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.mend = mend
        self.details = details or {}


class WrongUsage(CliError):
    """The command cannot be meant so."""

    exit_code = 2


class InvalidCase(WrongUsage):
    """A case cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="invalid_case", mend=_FORM)


class Missing(CliError):
    """Something is not there, or cannot be reached."""

    exit_code = 3
