import zlib
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ichor_edgestore import MemoryStore
from ichor_executor.temporal import LargePayloads
from ichor_executor.temporal.byte_cache import ByteCache
from ichor_executor.temporal.payload_codec import INLINE, PLAIN, FindValues
from ichor_models import ActionError
from temporalio.api.common.v1 import Payload
from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext

OVERHEAD = Payload(metadata={"encoding": b"json/plain"}, data=b"x" * (PLAIN - 100)).ByteSize() - (PLAIN - 100)
RANDOM = Random(1)


def payload(size: int, *, random: bool = False) -> Payload:
    data = RANDOM.randbytes(size) if random else b"x" * size
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


def storing(find_values: FindValues) -> LargePayloads:
    return LargePayloads(find_values).with_context(WorkflowSerializationContext("default", "rule-1-2"))


async def encoded(codec: LargePayloads, original: Payload) -> Payload:
    (made,) = await codec.encode([original])
    return made


def encoding(made: Payload) -> bytes:
    return made.metadata["encoding"]


async def test_a_small_payload_stays_as_it_is():
    codec, limit = LargePayloads(), payload(PLAIN - OVERHEAD)
    assert await encoded(codec, limit) == limit
    assert encoding(await encoded(codec, payload(PLAIN - OVERHEAD + 1))) == b"binary/ichor-zlib"


async def test_what_cannot_be_compressed_stays_as_it_is():
    original = payload(PLAIN * 2, random=True)
    assert await encoded(LargePayloads(), original) == original


async def test_what_is_too_large_travels_as_a_reference():
    store = MemoryStore()
    codec = storing(lambda: store.values)
    inline, large = payload(INLINE - 200, random=True), payload(INLINE, random=True)
    assert await encoded(codec, inline) == inline
    made = await encoded(codec, large)
    assert (encoding(made), made.ByteSize() < 200) == (b"binary/ichor-stored", True)
    assert await LargePayloads(lambda: store.values).decode([inline, made]) == [inline, large]


async def test_what_belongs_to_no_workflow_is_not_stored_since_nobody_could_tell_when_it_is_over():
    large = payload(INLINE, random=True)
    assert await encoded(LargePayloads(lambda: MemoryStore().values), large) == large
    assert await encoded(LargePayloads(), large) == large


@pytest.mark.parametrize(
    "context",
    [
        WorkflowSerializationContext("default", "rule-1-2"),
        ActivitySerializationContext("default", "a", "t", "q", "rule-1-2", "type", is_local=False),
    ],
)
async def test_what_is_stored_belongs_to_the_workflow(context: WorkflowSerializationContext):
    store, large = MemoryStore(), payload(INLINE, random=True)
    made = await encoded(LargePayloads(lambda: store.values).with_context(context), large)
    assert await LargePayloads(lambda: store.values).decode([made]) == [large]
    await store.values.forget("rule-1-2")
    with pytest.raises(ActionError, match="is not in the database"):
        await LargePayloads(lambda: store.values).decode([made])


async def test_a_replay_reads_the_cache():
    store, large = MemoryStore(), payload(INLINE, random=True)
    codec = LargePayloads(lambda: store.values)
    workflow = WorkflowSerializationContext("default", "rule-1-2")
    made = await encoded(codec.with_context(workflow), large)
    await store.values.forget("rule-1-2")
    assert await codec.with_context(workflow).decode([made]) == [large]


async def test_what_cannot_be_had_or_was_changed_is_an_error():
    class Changing:
        async def put(self, run: str, bodies: Mapping[str, bytes]) -> None:
            pass

        async def get(self, run: str, key: str) -> bytes:
            return b"other"

        async def forget(self, run: str, keep: object = ()) -> None:
            pass

    made = await encoded(storing(Changing), payload(INLINE, random=True))
    with pytest.raises(ActionError, match="was changed"):
        await LargePayloads(Changing).decode([made])
    with pytest.raises(ActionError, match="lies in the database"):
        await LargePayloads().decode([made])
    with pytest.raises(zlib.error):
        await LargePayloads().decode([Payload(metadata={"encoding": b"binary/ichor-zlib"}, data=b"no zlib")])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 12)), max_size=30))
def test_a_cache_holds_what_was_used_last_and_no_more(uses: list[tuple[str, int]]):
    cache, sizes = ByteCache(10), dict[str, int]()
    for key, size in uses:
        cache.keep(key, b"x" * sizes.setdefault(key, size))
        assert (cache.get(key) is not None) == (sizes[key] <= 10)
        assert cache.held <= 10
    assert cache.held == sum(size for key, size in sizes.items() if cache.get(key) is not None)
