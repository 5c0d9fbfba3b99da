"""A file that only its owner may read, and that is there whole or not at all."""

import os
from pathlib import Path
from tempfile import mkstemp


def write_private(file: Path, text: str) -> None:
    """Write a file anew, whatever stands in its place; who dies meanwhile leaves that as it was.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, written = mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with open(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(descriptor)
        Path(written).replace(file)
    except BaseException:
        Path(written).unlink()
        raise
