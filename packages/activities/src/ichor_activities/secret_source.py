"""Where the values of `{{secret:name}}` come from."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ichor_activities.errors import InvalidConfiguration, MissingSecret

PREFIX = "ICHOR_SECRET_"


class SecretSource(Protocol):
    """Gives a secret by its name, read anew each time, so that a changed one is used at once."""

    async def get(self, name: str) -> str:
        """Return a secret.

        Raises:
            MissingSecret: there is none of this name.
        """
        ...


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """One file per secret in a directory, as Kubernetes mounts them, then `ICHOR_SECRET_<NAME>` of the environment."""

    directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "SecretFiles":
        """Read ICHOR_SECRETS_DIR and keep the variables.

        Raises:
            InvalidConfiguration: it is no folder.
        """
        directory = environment.get("ICHOR_SECRETS_DIR")
        if directory and not Path(directory).is_dir():
            raise InvalidConfiguration(f"ICHOR_SECRETS_DIR: {directory} is no folder; make it, or unset the variable.")
        return cls(Path(directory) if directory else None, environment)

    async def get(self, name: str) -> str:
        """Return a secret; a line break at the end of its file is not part of it.

        Raises:
            MissingSecret: there is neither file nor variable, or the file cannot be read.
        """
        try:
            value = await asyncio.to_thread(self._from_file, name)
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise MissingSecret(f"The secret {name} cannot be read from {self.directory}: {why}.") from None
        if value is None:
            value = self.environment.get(variable(name))
        if value is None:
            raise MissingSecret(f"The secret {name} is not there; {self._how(name)}.")
        return value

    def _from_file(self, name: str) -> str | None:
        if self.directory is None or name.startswith("."):
            return None
        try:
            return (self.directory / name).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (FileNotFoundError, IsADirectoryError):
            return None

    def _how(self, name: str) -> str:
        how = f"set the variable {variable(name)}"
        return f"put it into {self.directory}/{name} or {how}" if self.directory else how


def variable(name: str) -> str:
    """Return the variable of a secret: `stripe.api-key` is ICHOR_SECRET_STRIPE_API_KEY."""
    return PREFIX + name.upper().replace("-", "_").replace(".", "_")
