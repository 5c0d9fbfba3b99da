"""The operating system's account that a server runs as: PostgreSQL refuses to be root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from ichor_testing.errors import ServerFailed


@dataclass(frozen=True, slots=True)
class Account:
    """A user other than ourselves to run a server as."""

    name: str
    uid: int
    gid: int

    def own(self, *paths: Path) -> None:
        """Give the paths, which exist, to the account."""
        for path in paths:
            os.chown(path, self.uid, self.gid)
            for below in path.rglob("*"):
                os.chown(below, self.uid, self.gid, follow_symlinks=False)

    def require_reach(self, path: Path) -> None:
        """Raise ServerFailed where a folder above `path` is closed to the account."""
        for folder in path.resolve().parents:
            if not self._may_enter(folder):
                raise ServerFailed(
                    f"{path}: the server runs as {self.name} (it refuses to run as root), which may not enter "
                    f"{folder}. Choose a folder elsewhere, for instance below /var/lib or /var/tmp."
                )

    def _may_enter(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & 0o100)
        if status.st_gid == self.gid:
            return bool(status.st_mode & 0o010)
        return bool(status.st_mode & 0o001)


def unprivileged(*preferred: str) -> Account | None:
    """Return the first of the accounts that exists, or nobody, when we are root; else None."""
    if os.geteuid() != 0:
        return None
    for name in (*preferred, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ServerFailed("we are root and there is no account 'nobody' to run a server as")
