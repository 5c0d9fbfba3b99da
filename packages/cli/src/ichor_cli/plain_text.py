"""Text that anybody may have written, for a terminal."""


def plain(text: str) -> str:
    """Return a text, on one line, that does nothing to a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
