"""Where a command's answer goes: one JSON document, or text for people."""

import json as json_text
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_PIPE_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Screen:
    """With `json` stdout gets exactly one document, and whatever is for people goes to stderr."""

    json: bool

    def answer(self, document: JsonValue, people: "Callable[[], RenderableType]") -> None:
        """Give a command's answer, as a document or as people read it."""
        if self.json:
            write(document)
        else:
            self.show(people())

    def show(self, what: "RenderableType") -> None:
        """Print a part of the answer for people; use it only where there is no document."""
        console().print(what, markup=False, highlight=False, soft_wrap=isinstance(what, str))
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Say something beside the answer."""
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def busy(self, text: str) -> Generator[Callable[[str], None]]:
        """Show that something takes time, where somebody watches; yields what changes the text."""
        if not sys.stderr.isatty():
            yield lambda _: None
            return
        with console(stderr=True).status(text) as status:
            yield lambda new: status.update(new)


def write(document: JsonValue, *, flush: bool = False) -> None:
    """Print a document on stdout, at once where the command goes on after it."""
    print(json_text.dumps(document, ensure_ascii=False, indent=2), flush=flush)


def console(**settings: Any) -> "Console":
    """Return a console as wide as the terminal, and wide enough where there is none."""
    from rich.console import Console

    stream = sys.stderr if settings.get("stderr") else sys.stdout
    return Console(**settings, width=None if stream.isatty() else _PIPE_WIDTH)
