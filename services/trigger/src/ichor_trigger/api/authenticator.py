"""Who sent a request, by its token."""

from ichor_service import Caller
from starlette.datastructures import Headers

from ichor_trigger.api.error import ApiError
from ichor_trigger.api.jwt_verifier import JwtVerifier
from ichor_trigger.api.token_file import TokenFile
from ichor_trigger.api.unauthorized import unauthorized


class Authenticator:
    """Knows tokens by the file of hashed ones, and JWTs by their issuer's keys; without both the API is off."""

    def __init__(self, tokens: TokenFile | None, jwts: JwtVerifier | None) -> None:
        self._tokens = tokens
        self._jwts = jwts

    @property
    def is_off(self) -> bool:
        """Say whether nobody can call."""
        return self._tokens is None and self._jwts is None

    async def caller(self, headers: Headers) -> Caller:
        """Return who calls.

        Raises:
            ApiError: nobody whom we know, or nobody can be known now.
        """
        if self.is_off:
            mend = "Whoever runs ichor-trigger sets ICHOR_API_TOKENS or ICHOR_JWKS_URL."
            raise ApiError(503, "api_off", "The API is off: it has no way to know who calls.", mend)
        token = _bearer(headers)
        if self._tokens is not None and (known := self._tokens.caller(token)) is not None:
            return known
        if self._jwts is not None and token.count(".") == 2:
            return await self._jwts.caller(token)
        raise unauthorized("Nobody has this token.")


def _bearer(headers: Headers) -> str:
    given = headers.getlist("authorization")
    if len(given) != 1:
        raise unauthorized("The request has no token." if not given else "The request has several tokens.")
    scheme, _, token = given[0].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized("The header Authorization holds no Bearer token.")
    return token.strip()
