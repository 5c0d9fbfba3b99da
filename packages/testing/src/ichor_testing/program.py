"""Programs of this machine, also where the system keeps them off the PATH."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path


def find_program(name: str, folders: Iterable[Path] = ()) -> Path | None:
    """Return a program from the folders, else from PATH, else None."""
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return folder / name
    found = shutil.which(name)
    return Path(found) if found else None


def newest_first(pattern: str) -> list[Path]:
    """Return the folders that match an absolute glob pattern, the highest version first."""
    folders = Path("/").glob(pattern.lstrip("/"))
    return sorted(folders, key=_version, reverse=True)


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]
