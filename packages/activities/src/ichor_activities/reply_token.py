"""Reply tokens: what proves that a reply belongs to a question, without saying anything about it.

A token is `<key id>.<question id>.<signature>`, 73 characters, URL-safe: the key id is the beginning of a hash of the
key, the signature an HMAC-SHA256. Keys are given newest first: the first signs, all of them verify. A new key is put
behind the others until every worker knows it (operators.md, Keys of reply tokens).
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from ichor_activities.errors import InvalidConfiguration

_SHORTEST_KEY = 16
_LONGEST_TOKEN = 200
_PURPOSE = b"ichor reply token 1:"


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The keys by their ids, the one that signs first."""

    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "TokenKeys":
        """Read keys separated by commas, the newest first.

        Raises:
            InvalidConfiguration: there is none, or one is too short; the message never shows one.
        """
        written = [item.strip().encode() for item in text.split(",") if item.strip()]
        if not written or any(len(key) < _SHORTEST_KEY for key in written):
            raise InvalidConfiguration(
                f"ICHOR_TOKEN_KEYS: write keys of at least {_SHORTEST_KEY} characters, separated by commas; "
                "`openssl rand -base64 32` makes one."
            )
        return cls({_key_id(key): key for key in written})

    def sign(self, question: UUID) -> str:
        """Return the token of a question."""
        key_id, key = next(iter(self.keys.items()))
        return f"{key_id}.{_encoded(question.bytes)}.{_encoded(_signature(key, question))}"

    def read(self, token: str) -> UUID | None:
        """Return the question of a token, None where we did not sign it."""
        parts = token.split(".") if len(token) <= _LONGEST_TOKEN else []
        if len(parts) != 3 or parts[0] not in self.keys:
            return None
        try:
            question = UUID(bytes=_decoded(parts[1]))
            given = _decoded(parts[2])
        except ValueError:
            return None
        return question if hmac.compare_digest(given, _signature(self.keys[parts[0]], question)) else None


def _signature(key: bytes, question: UUID) -> bytes:
    return hmac.digest(key, _PURPOSE + question.bytes, "sha256")


def _key_id(key: bytes) -> str:
    return _encoded(sha256(b"ichor key id:" + key).digest())[:6]


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    """Decode strictly: what is written in another way is another token.

    Raises:
        ValueError: it is not what `_encoded` writes.
    """
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encoded(data) != text:
        raise ValueError("not the usual form")
    return data
