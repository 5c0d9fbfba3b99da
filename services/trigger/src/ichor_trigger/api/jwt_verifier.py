"""Whom a JWT speaks of, once its signature and its claims are found good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import jwt
from ichor_models.wording import all_in_words
from ichor_service import Caller, Scope, Unreachable, reason
from pydantic import ValidationError

from ichor_trigger.api.error import RETRY, ApiError
from ichor_trigger.api.key_set import KeySet
from ichor_trigger.api.signing_key import SigningKey
from ichor_trigger.api.unauthorized import unauthorized

_LEEWAY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class JwtVerifier:
    """Checks JWTs against the keys of their issuer; audience and issuer where they are given."""

    keys: KeySet
    audience: str | None = None
    issuer: str | None = None

    async def caller(self, token: str) -> Caller:
        """Return whom a JWT speaks of.

        Raises:
            ApiError: it is not valid here, or that cannot be said now.
        """
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self.keys.key(key_id)
            if key is None:
                raise unauthorized("The JWT is signed by a key that ICHOR_JWKS_URL does not have.")
            return _caller(self._claims(token, key))
        except jwt.PyJWTError as error:
            raise unauthorized(f"The JWT is not valid here: {reason(error).rstrip('.')}.") from None
        except Unreachable:
            message = "JWTs cannot be checked: their keys cannot be fetched."
            raise ApiError(503, "keys_unavailable", message, "Send it again.", RETRY) from None

    def _claims(self, token: str, key: SigningKey) -> Mapping[str, Any]:
        return jwt.decode(
            token,
            key.public,
            algorithms=key.algorithms,
            audience=self.audience,
            issuer=self.issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "sub"], "verify_aud": self.audience is not None},
        )


def _caller(claims: Mapping[str, Any]) -> Caller:
    name = claims.get("name")
    try:
        return Caller(
            sub=claims["sub"],
            name=name if isinstance(name, str) else None,
            roles=tuple(_texts(claims.get("roles"))),
            scopes=tuple(Scope(scope) for scope in _scopes(claims) if scope in set(Scope)),
        )
    except ValidationError as error:
        raise unauthorized(f"The JWT cannot be used: {all_in_words(error)}.") from None


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """Return the scopes, as the various issuers write them."""
    return [scope for name in ("scope", "scp", "scopes") for scope in _texts(claims.get(name))]


def _texts(claim: object) -> Sequence[str]:
    if isinstance(claim, str):
        return claim.split()
    items = cast("list[object]", claim) if isinstance(claim, list) else []
    return [item for item in items if isinstance(item, str)]
