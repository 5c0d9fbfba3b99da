"""What is sent to Temporal, encrypted by AES-256-GCM, so that who keeps the histories cannot read them.

A payload becomes the one that Temporal's samples write: `binary/encrypted`, with the id of its key as
`encryption-key-id`; the data are a nonce of 12 random bytes, and what they encrypt. One that is not encrypted stays
readable, as it was before there were keys.
"""

import os
import re
from base64 import b64decode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import override

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import (
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadConverter,
)

from ichor_executor.errors import InvalidKeys, Undecipherable

with workflow.unsafe.imports_passed_through():
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MOST_ADDED = 160
"""How many bytes a payload grows by at most."""
_NONE = "none"
_NONCE, _KEY = 12, 32
_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_ENCODING, _KEY_ID = "encoding", "encryption-key-id"
_ENCRYPTED = b"binary/encrypted"


@dataclass(frozen=True, slots=True)
class EncryptionKeys:
    """Keys by their ids: the `first` encrypts, nothing does where it is None; each decrypts."""

    first: str | None
    _ciphers: Mapping[str, AESGCM] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "EncryptionKeys":
        """Read `id:key` items, each key 32 bytes as base64, between commas or white space; `none` may be the first.

        Raises:
            InvalidKeys: an item is none, an id comes twice, or there is no key; the message shows no key.
        """
        items = text.replace(",", " ").split()
        encrypts = items[:1] != [_NONE]
        ciphers: dict[str, AESGCM] = {}
        for number, item in enumerate(items, 1):
            if number == 1 and not encrypts:
                continue
            name, colon, key = item.partition(":")
            if not colon or not _ID.fullmatch(name):
                raise InvalidKeys(f"item {number} is not id:key, with an id of letters, digits, '_', '.' and '-'")
            if name in ciphers:
                raise InvalidKeys(f"the id {name!r} comes twice")
            ciphers[name] = _cipher(name, key)
        if not ciphers:
            raise InvalidKeys("there is no key")
        return cls(next(iter(ciphers)) if encrypts else None, ciphers)

    @property
    def ids(self) -> Collection[str]:
        """Return the ids of all keys."""
        return self._ciphers.keys()

    def encrypt(self, payload: Payload) -> Payload:
        """Return a payload as it travels."""
        if self.first is None:
            return payload
        nonce, key_id = os.urandom(_NONCE), self.first.encode()
        data = self._ciphers[self.first].encrypt(nonce, payload.SerializeToString(deterministic=True), key_id)
        return Payload(metadata={_ENCODING: _ENCRYPTED, _KEY_ID: key_id}, data=nonce + data)

    def decrypt(self, payload: Payload) -> Payload:
        """Return a payload as it was.

        Raises:
            Undecipherable: it is encrypted with another key.
        """
        if not is_encrypted(payload):
            return payload
        key_id = payload.metadata[_KEY_ID]
        cipher = self._ciphers.get(key_id.decode(errors="replace"))
        if cipher is None:
            raise Undecipherable(f"{_told(payload)}, which is not among those of ICHOR_ENCRYPTION_KEYS.")
        nonce, data = payload.data[:_NONCE], payload.data[_NONCE:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, data, key_id))
        except (InvalidTag, ValueError):
            raise Undecipherable(
                f"{_told(payload)}; that of ICHOR_ENCRYPTION_KEYS is another one, or the payload was changed."
            ) from None


class EncryptedFailures(DefaultFailureConverterWithEncodedAttributes):
    """Texts of failures travel as payloads do, but for those that say which key is missing: who lacks it reads them."""

    @override
    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        if isinstance(exception, Undecipherable):
            DefaultFailureConverter().to_failure(exception, payload_converter, failure)
        else:
            super().to_failure(exception, payload_converter, failure)


def is_encrypted(payload: Payload) -> bool:
    """Say whether a payload is encrypted."""
    return payload.metadata.get(_ENCODING) == _ENCRYPTED


def refuse_encrypted(payload: Payload) -> Payload:
    """Return a payload that needs no key.

    Raises:
        Undecipherable: it needs one.
    """
    if is_encrypted(payload):
        raise Undecipherable(f"{_told(payload)}, and ICHOR_ENCRYPTION_KEYS is not set.")
    return payload


def _cipher(name: str, key: str) -> AESGCM:
    try:
        body = b64decode(key, validate=True)
    except ValueError:
        body = b""
    if len(body) != _KEY:
        raise InvalidKeys(f"the key {name!r} is not 32 bytes as base64; `openssl rand -base64 32` makes one")
    return AESGCM(body)


def _told(payload: Payload) -> str:
    return f"The payload is encrypted with the key {payload.metadata[_KEY_ID].decode(errors='replace')!r}"
