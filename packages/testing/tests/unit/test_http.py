import time

import httpx
import pytest
from ichor_testing import Answer, start_http


async def test_request_is_kept() -> None:
    async with start_http() as sink, httpx.AsyncClient() as client:
        answer = await client.post(f"{sink.url}/orders?state=held", json={"id": 7}, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()) == (200, None)
        [request] = await sink.wait_for(1)
    assert (request.method, request.path, request.query) == ("POST", "/orders", {"state": ["held"]})
    assert request.headers["idempotency-key"] == "k"
    assert request.json() == {"id": 7}


async def test_answers_follow_the_script_then_the_default() -> None:
    async with start_http() as sink, httpx.AsyncClient() as client:
        sink.script(Answer(503), Answer(201, json={"ok": True}, headers={"x-trace": "1"}))
        sink.default = Answer(404, body=b"gone", headers={"content-type": "text/plain"})
        answers = [await client.get(sink.url) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 201, 404]
    assert answers[1].json() == {"ok": True}
    assert answers[1].headers["x-trace"] == "1"
    assert (answers[2].text, answers[2].headers["content-type"]) == ("gone", "text/plain")


async def test_dropped_connection_is_a_network_error() -> None:
    async with start_http() as sink, httpx.AsyncClient() as client:
        sink.script(Answer(drop=True))
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(sink.url)
        assert (await client.get(sink.url)).status_code == 200


async def test_late_answer_times_out_and_does_not_hold_the_sink() -> None:
    started = time.monotonic()
    async with start_http() as sink, httpx.AsyncClient(timeout=httpx.Timeout(60, read=0.2)) as client:
        sink.script(Answer(delay=60))
        with pytest.raises(httpx.ReadTimeout):
            await client.get(sink.url)
    assert time.monotonic() - started < 50
