"""`ichor replies list`, `ichor replies resend`, and the same for `ichor events`."""

import asyncio
from typing import Annotated

import typer

from ichor_cli.arguments import Json
from ichor_cli.dead_letter_text import dead_letter_text
from ichor_cli.errors import WrongUsage
from ichor_cli.screen import Screen

_IDS = typer.Argument(metavar="[ID]...", help="Ids of dead letters, as `list` shows them.", show_default=False)
_REASON = typer.Option("--reason", metavar="CODE", help="All that died for this reason.")
_ALL = typer.Option("--all", help="All dead letters.")
_LIMIT = typer.Option("--limit", min=1, max=10_000, help="At most so many.")


def dead_letter_commands(noun: str) -> typer.Typer:
    """Return the commands about dead letters; `noun` is what they are, replies or events."""
    commands = typer.Typer(no_args_is_help=True, help=f"List {noun} that could not be used, and send them again.")

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
        missing = sorted(set(ids or ()) - {letter.id for letter in sent})
        Screen(json).answer(
            {"resent": [letter.document() for letter in sent], "missing": list(missing)},
            lambda: f"{len(sent)} sent again." + (f" Not there: {', '.join(missing)}." if missing else ""),
        )
        return 1 if missing or (reason is not None and not sent) else 0

    return commands
