"""A file that a person names on the command line, read as JSON or YAML."""

import sys
from pathlib import Path

from ichor_models import InvalidDocument, load_text
from pydantic import JsonValue

from ichor_cli.errors import Missing, WrongUsage

STDIN = "-"
_MOST_BYTES = 64 * 1024 * 1024


def read_document(file: str | Path) -> JsonValue:
    """Return what a file holds; `-` is standard input.

    Raises:
        Missing: there is no such file, or it may not be read.
        WrongUsage: it is a folder.
        InvalidDocument: it is neither JSON nor YAML.
    """
    return load_text(_text(_content(file)))


def called(file: str | Path) -> str:
    """Return what people call a file that they named."""
    return "standard input" if file == STDIN else str(file)


def folder_of(file: str | Path) -> Path:
    """Return the folder that a file's own references start from."""
    return Path() if file == STDIN else Path(file).parent


def _content(file: str | Path) -> bytes:
    try:
        if file == STDIN:
            return sys.stdin.buffer.read(_MOST_BYTES + 1)
        with Path(file).open("rb") as stream:
            return stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise Missing(f"There is no file {file}.", code="no_such_file", mend="Correct the path.") from None
    except IsADirectoryError:
        raise WrongUsage(f"{file} is a folder.", code="is_a_folder", mend="Name one file in it.") from None
    except OSError as error:
        raise Missing(
            f"The file {file} cannot be read: {error.strerror}.", code="unreadable_file", mend="Make it readable."
        ) from None


def _text(content: bytes) -> str:
    if len(content) > _MOST_BYTES:
        raise InvalidDocument(f"The file is larger than {_MOST_BYTES // 1024 // 1024} MiB; make it smaller.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"The file is no UTF-8 text (byte {error.start}); save it as UTF-8.") from None
