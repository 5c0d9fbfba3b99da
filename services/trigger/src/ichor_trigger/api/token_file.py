"""The file of hashed tokens, read again when it changes."""

import os
from pathlib import Path

import structlog
from ichor_service import Caller, InvalidSetting, read_api_tokens

_log = structlog.stdlib.get_logger(__name__)


class TokenFile:
    """Holds what the file said last, when it could be used."""

    def __init__(self, path: str | Path) -> None:
        """Read the file.

        Raises:
            InvalidSetting: it cannot be used.
        """
        self._path = path
        self._seen = self._stamp()
        self._tokens = read_api_tokens(path)

    def caller(self, token: str) -> Caller | None:
        """Return who has a token."""
        return self._tokens.caller(token)

    def refresh(self) -> None:
        """Read the file again if it changed; one that is broken changes nothing, and the log says so."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._tokens = read_api_tokens(self._path)
        except InvalidSetting as error:
            _log.error("tokens not read again, those before stay", reason=str(error))
        else:
            _log.info("tokens read again", tokens=len(self._tokens.tokens))

    def _stamp(self) -> tuple[int, int, int] | None:
        """Return what differs after a change, also where a link leads to another file now; None for no file."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
