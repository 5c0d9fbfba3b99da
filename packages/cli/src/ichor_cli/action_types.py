"""The action types that rules may use here: those of all installed packages."""

import sys
from contextlib import redirect_stdout
from functools import cache
from typing import TYPE_CHECKING

from ichor_models import Catalogue

if TYPE_CHECKING:
    from ichor_activities import Registry


@cache
def registry() -> "Registry":
    """Return the handlers of every installed package.

    Raises:
        HandlerError: a package's handlers cannot be loaded.
    """
    with redirect_stdout(sys.stderr):  # what a package prints while it loads is no part of our answer
        from ichor_activities import discover

        return discover()


def catalogue() -> Catalogue:
    """Return what rules are checked against."""
    return registry().catalogue
