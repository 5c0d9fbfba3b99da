"""A public key that JWTs are signed by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jwt import PyJWK, PyJWTError
from jwt.algorithms import AllowedPublicKeys

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_ALGORITHMS = (*_RSA, "ES256", "ES384", "ES512", "EdDSA")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key, and the algorithms that it may sign by: the one that its JWK names, else all of its kind."""

    id: str | None
    algorithms: Sequence[str]
    public: AllowedPublicKeys


def signing_key(jwk: Mapping[str, Any]) -> SigningKey | None:
    """Return the key of a JWK; None where it is none that may sign here (RFC 7517, 5: a set may hold any)."""
    try:
        key = PyJWK(dict(jwk))
    except (PyJWTError, TypeError, NotImplementedError):
        return None
    algorithms = _RSA if key.key_type == "RSA" and not jwk.get("alg") else (key.algorithm_name,)
    is_public = isinstance(key.key, AllowedPublicKeys)
    if not is_public or key.public_key_use == "enc" or not set(algorithms) <= set(_ALGORITHMS):
        return None
    return SigningKey(key.key_id, algorithms, key.key)
