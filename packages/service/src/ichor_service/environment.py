"""The variables that a program sees: its environment, over the `.env` file of the folder it runs in.

`ICHOR_X_FILE` names a file that holds `ICHOR_X`, as a secret is mounted.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from ichor_service.errors import InvalidSetting
from ichor_service.named_file import read_named_file

PREFIX = "ICHOR_"
SECRET_PREFIX = "ICHOR_SECRET_"
DOTENV = ".env"
_FILE = "_FILE"


def environment() -> Mapping[str, str]:
    """Return all variables; what the environment says wins, unless it is empty.

    Raises:
        InvalidSetting: the `.env` file, or a file that a variable names, cannot be read.
    """
    written = _dotenv()
    said = {name: value for name, value in os.environ.items() if value or name not in written}
    return _with_files({**written, **said})


def _dotenv() -> dict[str, str]:
    if not Path(DOTENV).is_file():
        return {}
    try:
        return {name: value for name, value in dotenv_values(DOTENV).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"The file {DOTENV} cannot be read: {error}.") from None


def _with_files(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Put contents of files in the place of the variables that name them; a secret's own name may end in `_FILE`."""
    files = {
        name: path
        for name, path in variables.items()
        if name.startswith(PREFIX) and name.endswith(_FILE) and not name.startswith(SECRET_PREFIX) and path
    }
    plain = {name: value for name, value in variables.items() if name not in files}
    return plain | {name.removesuffix(_FILE): _content(name, path, plain) for name, path in files.items()}


def _content(name: str, path: str, plain: Mapping[str, str]) -> str:
    if plain.get(held := name.removesuffix(_FILE)):
        raise InvalidSetting(f"{name} and {held} are both set; unset one of them.")
    return read_named_file(name, path, f"a file with {held}").removesuffix("\n").removesuffix("\r")
