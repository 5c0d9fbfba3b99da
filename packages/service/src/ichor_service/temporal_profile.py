"""How to reach Temporal as its own tools are told: `temporalio.envconfig` profiles and `TEMPORAL_*`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.envconfig import ClientConfig
from temporalio.service import TLSConfig

from ichor_service.errors import InvalidSetting

_TLS, _FILE = "TEMPORAL_TLS", "TEMPORAL_CONFIG_FILE"
_FLAGS = ("true", "false", "1", "0")
"""What envconfig takes for a truth value, in any case; it takes every other text for true."""

_HEADER = re.compile(r"[0-9a-z_.-]+(?<!-bin)")


@dataclass(frozen=True, slots=True)
class TemporalProfile:
    """What a profile says; our own variables go over its address and namespace."""

    address: str | None = None
    namespace: str | None = None
    api_key: str | None = field(default=None, repr=False)
    tls: bool | TLSConfig | None = field(default=None, repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "TemporalProfile":
        """Read the profile that `TEMPORAL_PROFILE` names, with `TEMPORAL_*` over it.

        Raises:
            InvalidSetting: the profile or its file cannot be used.
        """
        said = {name: value for name, value in variables.items() if value}
        if said.get(_TLS, "true").lower() not in _FLAGS:
            raise InvalidSetting(f"{_TLS} must be true or false; write one of them.")
        if (file := said.get(_FILE)) and not Path(file).is_file():
            # envconfig goes on without it, and so perhaps without TLS.
            raise InvalidSetting(f"{_FILE} must be the path of a file; there is none.")
        try:
            found = ClientConfig.load_client_connect_config(override_env_vars=said)
        except OSError as error:
            raise InvalidSetting(_unreadable(error, said)) from None
        except (RuntimeError, ValueError) as error:
            raise InvalidSetting(
                f"TEMPORAL_* (a profile of temporalio.envconfig) is wrong: {_without_source(error)}."
            ) from None
        profile = cls(
            address=found.get("target_host"),
            namespace=found.get("namespace"),
            api_key=found.get("api_key"),
            tls=found.get("tls"),
            metadata=found.get("rpc_metadata", {}),
        )
        _require_headers(profile)
        return profile


def _require_headers(profile: TemporalProfile) -> None:
    """Refuse what cannot be sent as a header, which the SDK tells only of a server that it reached."""
    if not _can_be_sent(profile.api_key or ""):
        raise InvalidSetting("TEMPORAL_API_KEY may hold no line break or other control character, and ASCII only.")
    for name, value in profile.metadata.items():
        if not _HEADER.fullmatch(name) or not _can_be_sent(value):
            raise InvalidSetting(
                f"TEMPORAL_GRPC_META_* is wrong: {name!r} is no name of a header that holds text, or its value holds a "
                "control character or more than ASCII."
            )


def _can_be_sent(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _unreadable(error: OSError, variables: Mapping[str, str]) -> str:
    """Name who names the file, and not the file: a key may stand in the place of its path."""
    naming = (name for name, value in variables.items() if name.startswith("TEMPORAL_") and value == error.filename)
    name = next(naming, "a path in the Temporal profile")
    return f"{name} must be the path of a file; that file cannot be read: {error.strerror}."


def _without_source(error: Exception) -> str:
    """Return what an error says, without the lines of the file that a parser shows: one may be the API key."""
    said = (line.strip().rstrip(":.") for line in str(error).splitlines() if not re.match(r"\s*\d*\s*\|", line))
    return "; ".join(line for line in said if line)
