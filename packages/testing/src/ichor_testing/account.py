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
