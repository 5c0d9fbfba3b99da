"""What a page says that commands print, compared with what they printed."""

import json
import re

from pydantic import JsonValue

from .page import Block, Page
from .sandbox import Printed


def check_answers(page: Page, printed: Printed) -> None:
    """Compare each `answer` with the block that ran before it, and each `prints` with its own."""
    last = None
    for block in page.blocks:
        if block in page.scripted:
            last = block
            text = printed.by(block.line)
            for part in block.marker.prints:
                assert part in text, f"{block.place} does not print {part!r}:\n{text}"
        elif block.marker.answer:
            assert last is not None, f"{block.place} answers nothing"
            got = printed.by(last.line)
            assert _is_answer(got, block), f"{block.place} is not what is printed:\n{got}"


def _is_answer(got: str, block: Block) -> bool:
    if block.language == "json":
        return is_like(json.loads(got), json.loads(block.body))
    return is_like(*(" ".join(text.split()) for text in (got, block.body)))


def is_like(got: JsonValue, said: JsonValue) -> bool:
    """Tell whether an answer is as a page says; `…` in a text stands for anything."""
    match got, said:
        case dict(), dict():
            return got.keys() == said.keys() and all(is_like(got[key], said[key]) for key in said)
        case list(), list():
            return len(got) == len(said) and all(map(is_like, got, said))
        case str(), str():
            return re.fullmatch(re.escape(said).replace("…", ".*"), got, re.DOTALL) is not None
        case _:
            return got == said
