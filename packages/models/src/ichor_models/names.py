"""How templates name actions: by name or by slug."""

import re
from collections.abc import Iterable

from ichor_models.path import Path

LONGEST_NAME = 200
"""How many characters the name of an action may have."""

_OTHER = re.compile(r"[\W_]+")


def slug(name: str) -> str:
    """Return a name in lower case with every run of characters that are no letter or digit turned into one `_`."""
    return _OTHER.sub("_", name.lower()).strip("_")


class Names:
    """Finds the action that a path begins with; the longest name that fits wins, so names may hold dots."""

    def __init__(self, names: Iterable[str]) -> None:
        ordered = list(names)
        self._known = {slug(name): name for name in reversed(ordered) if slug(name)}
        self._known.update({name: name for name in ordered})
        self._most_segments = min(LONGEST_NAME, max((name.count(".") + 1 for name in ordered), default=0))

    def owner(self, path: Path) -> tuple[str, tuple[str, ...]] | None:
        """Return the action's name and the rest of the path, None where the path names no action."""
        segments = path.segments
        for length in range(min(len(segments), self._most_segments), 0, -1):
            name = self._known.get(".".join(segments[:length]))
            if name is not None:
                return name, segments[length:]
        return None
