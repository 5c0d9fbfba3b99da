"""The keys that an issuer signs JWTs with, fetched from its JWKS and kept for a while."""

import asyncio
import time
from typing import Any

import httpx
import structlog
from ichor_models.strict_json import parse_json
from ichor_models.wording import all_in_words
from ichor_service import Unreachable, reason
from pydantic import BaseModel, ValidationError

from ichor_trigger.api.signing_key import SigningKey, signing_key

_KEPT = 600.0
_TIMEOUT = 3.0
_MOST_WAITING = 20
_LARGEST = 1024 * 1024
_log = structlog.stdlib.get_logger(__name__)


class _Jwks(BaseModel):
    keys: list[dict[str, Any]]


class KeySet:
    """The keys at an address. A key that nobody knows asks for them again, but not within `pause` seconds.

    One fetch is under way at a time. Only requests with unknown keys wait for it, and not more than some. While keys
    cannot be fetched, those that were fetched last count.
    """

    def __init__(self, url: str, *, pause: float = 5.0) -> None:
        self._url = url
        self._pause = pause
        self._keys: list[SigningKey] = []
        self._trouble: str | None = None
        self._tried = self._fetched = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._waiting = 0

    async def key(self, key_id: str | None) -> SigningKey | None:
        """Return the key of an id, without one the only key; None where there is none.

        Raises:
            Unreachable: there may be one, but the keys cannot be fetched, or too many wait for them.
        """
        found = self._find(key_id)
        if found is None and (fetching := self._fetch_again()):
            await self._wait_for(fetching)
            found = self._find(key_id)
        if found is None and self._trouble is not None:
            raise Unreachable(f"ICHOR_JWKS_URL: {self._trouble}")
        return found

    async def refresh(self) -> None:
        """Fetch the keys again where they were kept long enough."""
        if time.monotonic() - self._fetched > _KEPT and (fetching := self._fetch_again()):
            await fetching

    def _find(self, key_id: str | None) -> SigningKey | None:
        fitting = [key for key in self._keys if key_id in (None, key.id)]
        return fitting[0] if len(fitting) == 1 else None

    def _fetch_again(self) -> asyncio.Task[None] | None:
        """Return the fetch that is under way, else a new one; None so soon after the last.

        It is nobody's request's: none that is given up ends it.
        """
        if self._fetching is None and time.monotonic() - self._tried >= self._pause:
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _wait_for(self, fetching: asyncio.Task[None]) -> None:
        if self._waiting >= _MOST_WAITING:
            raise Unreachable("ICHOR_JWKS_URL: too many requests wait for it")
        self._waiting += 1
        try:
            await asyncio.shield(fetching)
        finally:
            self._waiting -= 1

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                body = await _fetched(self._url)
            self._keys = _keys(parse_json(body))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError) as error:
            self._trouble = reason(error)
            _log.warning("keys of JWTs not fetched", reason=self._trouble)
        else:
            self._trouble, self._fetched = None, time.monotonic()
        finally:
            self._tried, self._fetching = time.monotonic(), None


async def _fetched(url: str) -> bytes:
    body = bytearray()
    async with httpx.AsyncClient(timeout=None) as client, client.stream("GET", url) as response:
        response.raise_for_status()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > _LARGEST:
                raise ValueError(f"what it answers has more than {_LARGEST} bytes")
    return bytes(body)


def _keys(document: object) -> list[SigningKey]:
    try:
        jwks = _Jwks.model_validate(document).keys
    except ValidationError as error:
        raise ValueError(f"what it answers is no JWKS: {all_in_words(error)}") from None
    keys = [key for jwk in jwks if (key := signing_key(jwk))]
    if not keys:
        raise ValueError("its JWKS has no public key for signatures")
    return keys
