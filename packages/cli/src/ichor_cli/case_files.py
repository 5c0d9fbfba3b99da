"""The case files that the arguments of `ichor test` mean."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ichor_models import Case, InvalidDocument
from pydantic import JsonValue

from ichor_cli.errors import Missing, WrongUsage
from ichor_cli.source_file import read_document
from ichor_cli.trial import looks_like_case_file

_MEANT = re.compile(rb"""^[\s{,]*["']?(case|expect|graph)["']?\s*:""", re.MULTILINE)
"""A key that tells a case file which cannot be read from what else lies in a folder."""
_SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file with what it holds, or the reason why that cannot be read."""

    path: Path
    document: JsonValue = None
    unreadable: str | None = None


def find_case_files(paths: Iterable[Path], skipped: Callable[[Path], None] = lambda _: None) -> list[CaseFile]:
    """Return the files that are named, and those in the folders that are named, each once.

    In a folder a file counts that is meant as a case file, with mistakes perhaps; workflow files do not, and `skipped`
    is told of what is neither.

    Raises:
        Missing: a path leads nowhere.
        WrongUsage: there is no case file at all.
    """
    wanted = list(paths)
    for path in wanted:
        if not path.exists():
            raise Missing(f"There is no file or folder {path}.", code="no_such_file", mend="Correct the path.")
    found = {path.resolve(): path for root in wanted for path in _files(root)}
    files = [_read(path) for path in found.values()]
    named = {path.resolve() for path in wanted if not path.is_dir()}
    cases = [file for file in files if _counts(file) or file.path.resolve() in named]
    for file in files:
        if file not in cases and not _is_known(file.document):
            skipped(file.path)
    if not cases:
        places = ", ".join(map(str, wanted))
        raise WrongUsage(
            f"There is no case file in {places}.", code="no_cases", mend="Name one, or a folder with some."
        )
    return cases


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, folders, names in root.walk():
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield folder / name


def _read(path: Path) -> CaseFile:
    try:
        return CaseFile(path, read_document(path))
    except InvalidDocument as error:
        return CaseFile(path, unreadable=str(error))


def _counts(file: CaseFile) -> bool:
    if file.unreadable is None:
        return looks_like_case_file(file.document)
    return _MEANT.search(file.path.read_bytes()) is not None


def _is_known(document: JsonValue) -> bool:
    """Tell a workflow file, or a case without a rule, from what has nothing to do with us."""
    if not isinstance(document, dict):
        return False
    return (
        "actions" in document or "edges" in document or (bool(document) and document.keys() <= Case.model_fields.keys())
    )
