import time

import httpx
import pytest
from ichor_testing import start_http, start_proxy


async def test_it_carries_both_ways() -> None:
    async with start_http() as sink, start_proxy(f"{sink.host}:{sink.port}") as proxy, httpx.AsyncClient() as client:
        answer = await client.post(f"http://{proxy.url}", content=b"x" * 1_000_000)
        assert answer.status_code == 200
    assert len(sink.requests[0].body) == 1_000_000


async def test_it_is_as_slow_as_it_is_told() -> None:
    async with start_http() as sink, start_proxy(f"{sink.host}:{sink.port}") as proxy, httpx.AsyncClient() as client:
        proxy.delay = 0.1
        began = time.monotonic()
        await client.get(f"http://{proxy.url}")
    assert time.monotonic() - began > 0.2


async def test_it_cuts_what_is_open_and_takes_no_more_until_mended() -> None:
    async with start_http() as sink, start_proxy(f"{sink.host}:{sink.port}") as proxy, httpx.AsyncClient() as client:
        proxy.cut()
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://{proxy.url}")
        proxy.mend()
        assert (await client.get(f"http://{proxy.url}")).status_code == 200
