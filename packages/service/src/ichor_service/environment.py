"""The variables that a program sees: its environment, over the `.env` file of the folder it runs in."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from ichor_service.errors import InvalidSetting

DOTENV = ".env"


def environment() -> Mapping[str, str]:
    """Return all variables; what the environment says wins.

    Raises:
        InvalidSetting: there is a `.env` file that cannot be read.
    """
    return {**_dotenv(), **os.environ}


def _dotenv() -> dict[str, str]:
    if not Path(DOTENV).is_file():
        return {}
    try:
        return {name: value for name, value in dotenv_values(DOTENV).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"The file {DOTENV} cannot be read: {error}.") from None
