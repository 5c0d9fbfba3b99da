"""The action types that rules may use here: those of all installed packages."""

import inspect
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


def description(name: str) -> str | None:
    """Return what the docstring of a type's handler says, else that of its config."""
    handler = registry().get(name)
    text = getattr(handler.function, "__doc__", None) if handler else catalogue()[name].config.__doc__
    return inspect.cleandoc(text) if text else None


def catalogue() -> Catalogue:
    """Return what rules are checked against."""
    return registry().catalogue
