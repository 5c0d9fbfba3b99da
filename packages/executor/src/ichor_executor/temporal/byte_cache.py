"""Bytes that were used last, up to so many in all."""

from collections import OrderedDict


class ByteCache:
    """Forgets what was not used for longest where there are more than `most` bytes; what is larger is never kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0
        """How many bytes there are."""
        self._bodies: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, None where nothing is."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def keep(self, key: str, body: bytes) -> None:
        """Keep something; what is there already stays."""
        if key in self._bodies or len(body) > self._most:
            return
        self._bodies[key] = body
        self.held += len(body)
        while self.held > self._most:
            self.held -= len(self._bodies.popitem(last=False)[1])
