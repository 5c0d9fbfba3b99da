"""What the help calls arguments and options: the same in all commands."""

from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import UUID

from ichor_cli.program import app
from typer.main import get_command

FREE = (str, Path, UUID, list[str], list[Path])
WORDS = {
    "file": "FILE",
    "files": "FILE",
    "case": "FILE",
    "rule": "RULE",
    "run": "RUN",
    "entity": "ENTITY",
    "user": "USER_ID",
    "sub": "USER_ID",
    "role": "ROLE",
    "roles": "ROLE",
    "name": "NAME",
}


def valued(command: Any, path: str = "ichor") -> Generator[tuple[str, Any]]:
    """Yield where each argument or option that takes a free text stands, and what it is."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from valued(inner, f"{path} {name}")
    for parameter in command.params:
        if parameter.type_descriptor.annotation in FREE:
            yield f"{path} {parameter.name}", parameter


def test_every_text_that_is_given_has_a_word_and_always_the_same():
    said = {place: (parameter.name, parameter.metavar) for place, parameter in valued(get_command(app()))}
    assert len(said) > 30
    assert [place for place, (_, metavar) in said.items() if not metavar] == []
    assert {place: metavar for place, (name, metavar) in said.items() if metavar != WORDS.get(name, metavar)} == {}
