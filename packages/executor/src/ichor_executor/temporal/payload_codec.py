"""What is sent to Temporal, made small enough for it: 2 MiB is the most that it takes of one payload.

A payload up to 8 KiB stays as it is, and readable in Temporal's UI. A larger one is compressed where that helps. What
is above 10 KiB even so, as a graph of many hundred actions, goes to the store under its hash, and a reference
travels; the content of a hash never changes, so a replay sees what the run saw. This is a safety net around what the
engine itself sends: values of actions travel by references that the graph knows (`ichor_models.StoredResult`).

With keys everything is encrypted at last, and sizes are counted with what that adds. What goes to the store is not: all
else that the runs know lies there, too. The reference to it is.
"""

import asyncio
import zlib
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from hashlib import sha256
from typing import Self, override

from ichor_models import ActionError, ValueStore
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
)

from ichor_executor.temporal.byte_cache import ByteCache
from ichor_executor.temporal.encryption import MOST_ADDED, EncryptedFailures, EncryptionKeys, refuse_encrypted

PLAIN = 8 * 1024
"""How many bytes a payload may have that is sent as it is."""
INLINE = 10 * 1024
"""How many bytes a compressed payload may have that travels itself."""
_CACHED = 64 * 1024 * 1024
_LEVEL = 1
_ENCODING = "encoding"
_COMPRESSED, _STORED = b"binary/ichor-zlib", b"binary/ichor-stored"
_FORMS = {_COMPRESSED: "compressed", _STORED: "stored"}

type FindValues = Callable[[], ValueStore]
"""Gives the store of what is too large, which may not be connected before it is needed."""


type ObservePayload = Callable[[str, int], None]
"""Hears of each payload that is sent: how it travels (`plain`, `compressed`, `stored`), and its bytes before that."""


class _Reference(BaseModel):
    """Where a payload lies: whose it is, the id of a workflow, and its hash."""

    run: str
    key: str


class LargePayloads(PayloadCodec, WithSerializationContext):
    """What is stored belongs to the workflow that it is sent to or from; without one or a store it only compresses."""

    def __init__(
        self,
        find_values: FindValues | None = None,
        keys: EncryptionKeys | None = None,
        observe: ObservePayload | None = None,
    ) -> None:
        self._find_values = find_values
        self._observe = observe or _unobserved
        self._encrypt = keys.encrypt if keys else _as_it_is
        self._decrypt = keys.decrypt if keys else refuse_encrypted
        self._added = MOST_ADDED if keys and keys.first else 0
        self._cache = ByteCache(_CACHED)
        self._run = ""

    @override
    def with_context(self, context: SerializationContext) -> Self:
        """Return a codec for the payloads of one workflow, which shares the cache of this one."""
        made = copy(self)
        made._run = getattr(context, "workflow_id", None) or ""
        return made

    @override
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Make payloads smaller, and encrypt them.

        Raises:
            ActionError: one has to be stored, and the store is away.
        """
        return [self._encrypt(await self._measured(payload)) for payload in payloads]

    @override
    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return payloads as they were; Temporal tries again whatever needed them where that fails.

        Raises:
            ActionError: the store is away, or has no such payload, or there is no store.
            Undecipherable: the key of one is not there.
        """
        return [await self._decode(self._decrypt(payload)) for payload in payloads]

    async def _measured(self, payload: Payload) -> Payload:
        encoded = await self._encode(payload)
        form = _FORMS.get(encoded.metadata.get(_ENCODING, b""), "plain")
        self._observe(form, payload.ByteSize())
        return encoded

    async def _encode(self, payload: Payload) -> Payload:
        if payload.ByteSize() + self._added <= PLAIN:
            return payload
        body = payload.SerializeToString(deterministic=True)
        compressed = await asyncio.to_thread(zlib.compress, body, _LEVEL)
        if len(compressed) + self._added > INLINE and self._run and self._find_values is not None:
            reference = _Reference(run=self._run, key=sha256(body).hexdigest())
            await self._find_values().put(reference.run, {reference.key: body})
            self._cache.keep(reference.key, body)
            return Payload(metadata={_ENCODING: _STORED}, data=reference.model_dump_json().encode())
        if len(compressed) < len(body):
            return Payload(metadata={_ENCODING: _COMPRESSED}, data=compressed)
        return payload

    async def _decode(self, payload: Payload) -> Payload:
        encoding = payload.metadata.get(_ENCODING)
        if encoding == _COMPRESSED:
            return Payload.FromString(await asyncio.to_thread(zlib.decompress, payload.data))
        if encoding == _STORED:
            return Payload.FromString(await self._body(_Reference.model_validate_json(payload.data)))
        return payload

    async def _body(self, reference: _Reference) -> bytes:
        if (known := self._cache.get(reference.key)) is not None:
            return known
        if self._find_values is None:
            raise ActionError("A payload lies in the database, which this program does not use.", type="value_gone")
        body = await self._find_values().get(reference.run, reference.key)
        if sha256(body).hexdigest() != reference.key:
            raise ActionError(f"The payload {reference.key[:12]}… of {reference.run} was changed.", type="value_gone")
        self._cache.keep(reference.key, body)
        return body


def _unobserved(form: str, size: int) -> None:
    """Measure nothing."""


def data_converter(
    find_values: FindValues | None = None,
    keys: EncryptionKeys | None = None,
    observe: ObservePayload | None = None,
) -> DataConverter:
    """Return how every client of the engine writes payloads: pydantic's JSON, as `LargePayloads` encodes it.

    With a key that encrypts, the texts of failures are encrypted, too.
    """
    encrypts = keys is not None and keys.first is not None
    failures = EncryptedFailures if encrypts else DefaultFailureConverter
    codec = LargePayloads(find_values, keys, observe)
    return replace(pydantic_data_converter, payload_codec=codec, failure_converter_class=failures)


def _as_it_is(payload: Payload) -> Payload:
    return payload
