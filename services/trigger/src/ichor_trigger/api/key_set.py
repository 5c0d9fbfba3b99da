"""The keys that an issuer signs JWTs with, fetched from its JWKS and kept for a while."""

import asyncio
import time
from typing import Any, cast

import httpx
import structlog
from ichor_service import Unreachable, reason
from jwt import PyJWK, PyJWKSet, PyJWTError

_KEPT = 600.0
_TIMEOUT = 3.0
_ASYMMETRIC = ("RSA", "EC", "OKP")
_log = structlog.stdlib.get_logger(__name__)


class KeySet:
    """The keys at an address. A key that nobody knows asks for them again, but not within `pause` seconds.

    While they cannot be fetched, those that were fetched last count.
    """

    def __init__(self, url: str, *, pause: float = 5.0) -> None:
        self._url = url
        self._pause = pause
        self._keys: list[PyJWK] = []
        self._trouble: str | None = None
        self._tried = self._fetched = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str | None) -> PyJWK | None:
        """Return the key of an id, without one the only key; None where there is none.

        Raises:
            Unreachable: there may be one, but the keys cannot be fetched.
        """
        if time.monotonic() - self._fetched > _KEPT or self._find(key_id) is None:
            await self._refresh()
        found = self._find(key_id)
        if found is None and self._trouble is not None:
            raise Unreachable(f"ICHOR_JWKS_URL: {self._trouble}")
        return found

    def _find(self, key_id: str | None) -> PyJWK | None:
        fitting = [key for key in self._keys if key_id in (None, key.key_id)]
        return fitting[0] if len(fitting) == 1 else None

    async def _refresh(self) -> None:
        async with self._fetching:
            if time.monotonic() - self._tried < self._pause:
                return
            try:
                self._keys = await self._fetch()
            except (httpx.HTTPError, PyJWTError, ValueError) as error:
                self._trouble = reason(error)
                _log.warning("keys of JWTs not fetched", reason=self._trouble)
            else:
                self._trouble, self._fetched = None, time.monotonic()
            self._tried = time.monotonic()

    async def _fetch(self) -> list[PyJWK]:
        async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
            document = (await client.get(self._url)).raise_for_status().json()
        if not isinstance(document, dict):
            raise ValueError("what it answers is no JWKS")
        keys = PyJWKSet.from_dict(cast("dict[str, Any]", document)).keys
        return [key for key in keys if key.key_type in _ASYMMETRIC and key.public_key_use != "enc"]
