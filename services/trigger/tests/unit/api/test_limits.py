"""What the API bears: sizes, numbers and times."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import httpx
import pytest
from ichor_service import Settings
from ichor_service.link import Link
from ichor_trigger.api.guard import Limits
from ichor_trigger.links import Links
from structlog.testing import capture_logs

type ClientOf = Callable[..., httpx.AsyncClient]

EVENT = {"event_type": "on_create", "entity_name": "orders"}
JSON = {"content-type": "application/json"}


class Hanging:
    """A store that never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Semaphore(0)

    async def list_rules(self, _: object) -> None:
        self.asked.release()
        await asyncio.Event().wait()


@pytest.fixture
async def hanging(links: Links) -> tuple[Hanging, Links]:
    """A store that never answers, and links to it."""
    store = Hanging()

    async def connect() -> Hanging:
        return store

    async def ask(_: Hanging) -> None:
        pass

    link = Link(connect, ask)
    await link.connect()
    return store, Links(Settings(), links.temporal, link)  # pyright: ignore[reportArgumentType] - a store in part


async def drops(size: int) -> AsyncGenerator[bytes]:
    for _ in range(size // 1000):
        yield b" " * 1000


async def test_a_large_body_is_refused_however_it_comes(ada: httpx.AsyncClient):
    for body in (b" " * 20_001, drops(30_000)):
        response = await ada.post("/v1/events", content=body, headers=JSON)
        assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
        assert "20000 bytes" in response.json()["error"]["message"]
    for length in ("20001", "9" * 5000):
        response = await ada.post("/v1/events", content=b"", headers=JSON | {"content-length": length})
        assert response.status_code == 413


async def test_a_body_that_is_not_declared_as_json_is_refused(ada: httpx.AsyncClient):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""):
        response = await ada.post("/v1/events", content=b"{}", headers={"content-type": content_type})
        assert (response.status_code, response.json()["error"]["code"]) == (415, "not_json")


async def test_a_database_that_was_never_there_is_no_mistake_of_the_caller(ada: httpx.AsyncClient):
    for method, path in (("GET", "/v1/rules"), ("GET", "/v1/runs/x"), ("POST", "/v1/events")):
        response = await ada.request(method, path, json=EVENT if method == "POST" else None)
        assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
        assert response.headers["retry-after"] == "1"


async def test_a_request_that_takes_too_long_is_given_up(client_of: ClientOf, hanging: tuple[Hanging, Links]):
    _, links = hanging
    client = client_of("ada", links=links, limits=Limits(body=100, seconds=0.05))
    response = await client.get("/v1/rules")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "timeout")
    assert response.headers["retry-after"] == "1"


async def test_too_many_at_once_are_sent_away(client_of: ClientOf, hanging: tuple[Hanging, Links]):
    store, links = hanging
    client = client_of("ada", links=links, limits=Limits(body=100, at_once=1))
    first = asyncio.create_task(client.get("/v1/rules"))
    await store.asked.acquire()
    response = await client.get("/v1/nowhere")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "busy")
    assert response.headers["retry-after"] == "1"
    first.cancel()
    await asyncio.wait([first])
    assert (await client.get("/v1/nowhere")).status_code == 404


async def test_a_caller_leaves_as_many_places_as_it_takes(client_of: ClientOf, hanging: tuple[Hanging, Links]):
    store, links = hanging
    client = client_of("ada", links=links, limits=Limits(body=100, at_once=4))
    taken = [asyncio.create_task(client.get("/v1/rules")) for _ in range(2)]
    for _ in taken:
        await store.asked.acquire()
    response = await client.get("/v1/nowhere")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "busy")
    assert response.headers["retry-after"] == "1"
    other = {"authorization": "Bearer token-of-otto"}
    assert (await client.get("/v1/nowhere", headers=other)).status_code == 404
    for request in taken:
        request.cancel()
    await asyncio.wait(taken)
    assert (await client.get("/v1/nowhere")).status_code == 404


async def test_a_mistake_of_ours_is_logged_and_not_shown(client_of: ClientOf, links: Links):
    class Broken:
        async def caller(self, headers: object) -> None:
            raise ZeroDivisionError("the secret reason")

    with capture_logs() as logs:
        response = await client_of("ada", authenticator=Broken()).get("/v1/rules")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "bug")
    assert "secret" not in response.text
    assert [entry["event"] for entry in logs] == ["request failed", "request"]


async def test_each_request_is_written_down_without_its_token(ada: httpx.AsyncClient):
    with capture_logs() as logs:
        await ada.get("/v1/nowhere?token=token-of-ada")
    (entry,) = logs
    assert (entry["method"], entry["path"], entry["status"], entry["caller"]) == ("GET", "/v1/nowhere", 404, "ada")
    assert "token-of-ada" not in str(entry)
