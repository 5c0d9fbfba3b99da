"""Commands that are not run are at least ones that there are: their shell, targets, subcommands, options and paths."""

import re
import shlex
import subprocess
from functools import cache
from typing import Any

from ichor_cli.program import app
from typer.main import get_command

from .page import ROOT, Block

_TARGETS = re.compile(r"^([a-z][a-z0-9-]*):", re.MULTILINE)
_SEPARATORS = "();|&\n"


def check_commands(block: Block) -> None:
    """Check the commands of a block; raises AssertionError where one is none."""
    parsed = subprocess.run(["bash", "-n"], input=block.body, text=True, capture_output=True, check=False)
    assert parsed.returncode == 0, f"{block.place}: {parsed.stderr}"
    for words in _commands(block.body):
        for word in words:
            assert _exists(word), f"{block.place}: there is no {word}"
        _check(block, words)


def _commands(text: str) -> list[list[str]]:
    """Return the words of each command, without variables that are set for it."""
    commands: list[list[str]] = [[]]
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=_SEPARATORS)
    lexer.whitespace, lexer.whitespace_split = " \t", True
    for word in lexer:
        if word.strip(_SEPARATORS) == "":
            commands.append([])
        elif commands[-1] or not re.match(r"[A-Z_]+=", word):
            commands[-1].append(word)
    return [words for words in commands if words]


def _exists(word: str) -> bool:
    """Tell whether a word that looks like a path of the repository is one."""
    first, slash, _ = word.partition("/")
    return not slash or not first or not (ROOT / first).is_dir() or (ROOT / word.partition("::")[0]).exists()


def _check(block: Block, words: list[str]) -> None:
    program, *arguments = words
    if program == "make":
        targets = _TARGETS.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
        wrong = [word for word in arguments if "=" not in word and not word.startswith("-") and word not in targets]
        assert not wrong, f"{block.place}: make has no {wrong}"
    elif program == "ichor":
        _check_ichor(block, arguments)


def _check_ichor(block: Block, arguments: list[str]) -> None:
    command = _tree()
    while hasattr(command, "commands") and arguments and not arguments[0].startswith("-"):
        assert arguments[0] in command.commands, f"{block.place}: ichor has no command {arguments[0]}"
        command = command.commands[arguments[0]]
        arguments = arguments[1:]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    wrong = [word for word in arguments if word.startswith("--") and word.partition("=")[0] not in options]
    assert not wrong, f"{block.place}: ichor has no {wrong} there"


@cache
def _tree() -> Any:
    return get_command(app())
