"""Dead letters, for people to read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ichor_cli.plain_text import plain

if TYPE_CHECKING:
    from rich.text import Text

    from ichor_cli.dead_letters import DeadLetter


def dead_letter_text(letters: "Sequence[DeadLetter]", count: int) -> "Text":
    """Show each letter, and how many there are beside them."""
    from rich.text import Text

    lines = [_block(letter) for letter in letters]
    more = count - len(letters)
    if more > 0:
        lines.append(Text(f"{more} more; --limit shows them.", "yellow"))
    return Text("\n").join(lines)


def _block(letter: "DeadLetter") -> "Text":
    from rich.text import Text

    asked = letter.asked
    told = [letter.detail]
    if asked is not None:
        told.append(f"run {asked.execution_id}, action {asked.action}, its question is {asked.state}")
    elif letter.question is not None:
        told.append(f"question {letter.question}")
    told.append(f"{letter.bytes} bytes: {letter.body}")
    head = Text.assemble((letter.id, "bold"), "  ", (plain(letter.reason), "red"), f"  {plain(letter.since)}")
    return Text("\n").join([head, *(Text(f"    {plain(line)}") for line in told)])
