"""What is sent to Temporal is encrypted with the first key, and read with any."""

from base64 import b64encode
from random import Random

import pytest
from ichor_edgestore import MemoryStore
from ichor_executor.errors import InvalidKeys, Undecipherable
from ichor_executor.temporal import EncryptionKeys, LargePayloads, data_converter
from ichor_executor.temporal.encryption import MOST_ADDED
from ichor_executor.temporal.payload_codec import INLINE, PLAIN
from ichor_executor.temporal.summary import summary_of
from ichor_models import ActionError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import WorkflowSerializationContext
from temporalio.exceptions import ApplicationError

RANDOM = Random(2)
RUN = WorkflowSerializationContext("default", "rule-1-2")


def key(name: str, seed: int = 1) -> str:
    return f"{name}:{b64encode(bytes([seed]) * 32).decode()}"


OLD, NEW = key("old"), key("new", 2)
LONGEST_ID = key("k" * 32)


def payload(data: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


async def test_the_first_key_encrypts_and_each_decrypts():
    secret = payload(b'"the secret"')
    (by_old,) = await LargePayloads(keys=EncryptionKeys.parse(OLD)).encode([secret])
    (by_new,) = await LargePayloads(keys=EncryptionKeys.parse(f"{NEW},{OLD}")).encode([secret])
    assert (by_old.metadata["encryption-key-id"], by_new.metadata["encryption-key-id"]) == (b"old", b"new")
    assert by_old.metadata["encoding"] == b"binary/encrypted"
    assert b"secret" not in by_old.SerializeToString()
    assert await LargePayloads(keys=EncryptionKeys.parse(f"{NEW}\n{OLD}\n")).decode([by_old, by_new]) == [secret] * 2


async def test_the_same_payload_is_never_encrypted_alike():
    codec = LargePayloads(keys=EncryptionKeys.parse(OLD))
    assert len({item.data for item in await codec.encode([payload(b"1")] * 5)}) == 5


async def test_what_was_written_without_keys_stays_readable():
    plain = payload(b'"before"')
    assert await LargePayloads(keys=EncryptionKeys.parse(OLD)).decode([plain]) == [plain]


async def test_behind_none_keys_only_decrypt():
    (written,) = await LargePayloads(keys=EncryptionKeys.parse(OLD)).encode([payload(b"1")])
    codec = LargePayloads(keys=EncryptionKeys.parse(f"none {OLD}"))
    assert await codec.decode([written]) == [payload(b"1")]
    assert await codec.encode([payload(b"1")]) == [payload(b"1")]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (None, r"with the key 'old', and ICHOR_ENCRYPTION_KEYS is not set"),
        (NEW, r"with the key 'old', which is not among those of ICHOR_ENCRYPTION_KEYS"),
        (key("old", 3), r"with the key 'old'; that of ICHOR_ENCRYPTION_KEYS is another one"),
    ],
)
async def test_without_its_key_a_payload_says_which_it_needs(keys: str | None, problem: str):
    (written,) = await LargePayloads(keys=EncryptionKeys.parse(OLD)).encode([payload(b"1")])
    with pytest.raises(Undecipherable, match=problem):
        await LargePayloads(keys=EncryptionKeys.parse(keys) if keys else None).decode([written])


@pytest.mark.parametrize("part", ["data", "short", "id"])
async def test_what_was_changed_is_not_read(part: str):
    codec = LargePayloads(keys=EncryptionKeys.parse(f"{OLD},{key('twin')}"))
    (written,) = await codec.encode([payload(b"1")])
    match part:
        case "data":
            written.data = written.data[:-1] + bytes([written.data[-1] ^ 1])
        case "short":
            written.data = written.data[:5]
        case _:
            written.metadata["encryption-key-id"] = b"twin"
    with pytest.raises(Undecipherable, match="or the payload was changed"):
        await codec.decode([written])


@pytest.mark.parametrize("size", [0, 1, 300, PLAIN - 300, PLAIN - 100, INLINE - 250, INLINE - 150, INLINE, 3 * INLINE])
async def test_sizes_count_what_encryption_adds(size: int):
    store = MemoryStore()
    codec = LargePayloads(lambda: store.values, EncryptionKeys.parse(LONGEST_ID)).with_context(RUN)
    original = payload(RANDOM.randbytes(size))
    (made,) = await codec.encode([original])
    assert made.ByteSize() <= INLINE + 30
    assert await codec.decode([made]) == [original]


@pytest.mark.parametrize("size", [0, 200, 20_000])
def test_encryption_adds_no_more_than_is_counted(size: int):
    original = payload(b"x" * size)
    made = EncryptionKeys.parse(LONGEST_ID).encrypt(original)
    assert made.ByteSize() - original.ByteSize() <= MOST_ADDED


async def test_what_lies_in_the_store_is_not_encrypted_but_the_reference_is():
    store, original = MemoryStore(), payload(RANDOM.randbytes(INLINE))
    codec = LargePayloads(lambda: store.values, EncryptionKeys.parse(OLD)).with_context(RUN)
    (made,) = await codec.encode([original])
    assert (made.metadata["encoding"], made.ByteSize() < 400) == (b"binary/encrypted", True)
    assert await codec.decode([made]) == [original]
    await store.values.forget(RUN.workflow_id)
    with pytest.raises(ActionError, match="is not in the database"):
        await LargePayloads(lambda: store.values, EncryptionKeys.parse(OLD)).decode([made])


async def test_the_longest_summary_fits_where_it_is_encrypted():
    converter = data_converter(keys=EncryptionKeys.parse(LONGEST_ID))
    (made,) = await converter.encode([summary_of("é" * 500)])
    assert made.ByteSize() <= 400


async def test_texts_of_failures_are_encrypted():
    keys = EncryptionKeys.parse(OLD)
    failure = Failure()
    await data_converter(keys=keys).encode_failure(ApplicationError("the secret", {"a": "secret"}, type="t"), failure)
    assert b"secret" not in failure.SerializeToString()
    read = await data_converter(keys=keys).decode_failure(failure)
    assert (str(read), isinstance(read, ApplicationError) and read.type) == ("t: the secret", "t")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no key"),
        ("none", "there is no key"),
        (f"{OLD},none", "item 2 is not id:key"),
        (f"none {OLD} {OLD}", "the id 'old' comes twice"),
        (":c2VjcmV0", "item 1 is not id:key"),
        ("c2VjcmV0c2VjcmV0", "item 1 is not id:key"),
        ("old:c2VjcmV0", "the key 'old' is not 32 bytes as base64"),
        ("old:c2VjcmV0!", "the key 'old' is not 32 bytes as base64"),
        ("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=", "item 1 is not id:key"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_and_never_shown(text: str, problem: str):
    with pytest.raises(InvalidKeys) as error:
        EncryptionKeys.parse(text)
    assert problem in str(error.value)
    assert "c2VjcmV0" not in str(error.value)


def test_keys_are_not_in_their_repr():
    assert repr(EncryptionKeys.parse(OLD)) == "EncryptionKeys(first='old')"
