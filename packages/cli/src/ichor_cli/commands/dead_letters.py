"""`ichor replies list`, `ichor replies resend`, `ichor replies remove`, and the same for `ichor events`."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from ichor_cli.arguments import Json
from ichor_cli.dead_letter_text import dead_letter_text
from ichor_cli.errors import WrongUsage
from ichor_cli.screen import Screen

if TYPE_CHECKING:
    from ichor_cli.dead_letters import DeadLetter

_IDS = typer.Argument(metavar="[ID]...", help="Ids of dead letters, as `list` shows them.", show_default=False)
_DOOMED = typer.Argument(metavar="ID...", help="Ids of dead letters, as `list` shows them.", show_default=False)
_REASON = typer.Option("--reason", metavar="CODE", help="All that died for this reason.")
_ALL = typer.Option("--all", help="All dead letters.")
_LIMIT = typer.Option("--limit", min=1, max=10_000, help="At most so many.")


def dead_letter_commands(noun: str) -> typer.Typer:
    """Return the commands about dead letters; `noun` is what they are, replies or events."""
    commands = typer.Typer(
        no_args_is_help=True, help=f"List {noun} that could not be used, send them again, or remove them."
    )

    @commands.command("list", help=f"List {noun} that could not be used, and why; they stay where they are.")
    def show(limit: Annotated[int, _LIMIT] = 100, json: Json = False) -> int:
        from ichor_cli.dead_letters import list_dead_letters

        found, screen = asyncio.run(list_dead_letters(noun, limit)), Screen(json)
        screen.answer(
            {"letters": [letter.document() for letter in found.letters], "count": found.count},
            lambda: dead_letter_text(found.letters, found.count) if found.letters else f"There are no dead {noun}.",
        )
        if found.note is not None:
            screen.note(found.note)
        return 0

    @commands.command(
        "resend", help=f"Put {noun} back into their queue, once what kept them from being used is mended."
    )
    def resend(
        ids: Annotated[list[str] | None, _IDS] = None,
        reason: Annotated[str | None, _REASON] = None,
        every: Annotated[bool, _ALL] = False,
        json: Json = False,
    ) -> int:
        from ichor_cli.dead_letters import Choice, resend_dead_letters

        if sum((bool(ids), reason is not None, every)) != 1:
            mend = "Give ids, --reason CODE or --all, one of them."
            raise WrongUsage("It is not clear which letters are meant.", code="usage", mend=mend)
        sent = asyncio.run(resend_dead_letters(noun, Choice(ids or (), reason, every)))
        missing = _answer(Screen(json), sent, ids or (), ("resent", "sent again"))
        return 1 if missing or (reason is not None and not sent) else 0

    @commands.command("remove", help=f"Delete {noun} that nobody needs any more, for good.")
    def remove(ids: Annotated[list[str], _DOOMED], json: Json = False) -> int:
        from ichor_cli.dead_letters import remove_dead_letters

        removed = asyncio.run(remove_dead_letters(noun, ids))
        return 1 if _answer(Screen(json), removed, ids, ("removed", "removed")) else 0

    return commands


def _answer(
    screen: Screen, done: "Sequence[DeadLetter]", ids: Iterable[str], words: tuple[str, str]
) -> list[JsonValue]:
    """Tell what was done with letters, in words for programs and for people; return the ids that are not there."""
    key, word = words
    missing = sorted(set(ids) - {letter.id for letter in done})
    screen.answer(
        {key: [letter.document() for letter in done], "missing": [*missing]},
        lambda: f"{len(done)} {word}." + (f" Not there: {', '.join(missing)}." if missing else ""),
    )
    return [*missing]
