"""The API within a test, with its callers. What it is linked to, `links`, differs by folder."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ichor_service import HttpServer, token_hash
from ichor_testing.ports import LOOPBACK, free_port
from ichor_trigger.api.application import application
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.guard import Limits
from ichor_trigger.api.token_file import TokenFile
from ichor_trigger.links import Links
from starlette.types import ASGIApp

type ClientOf = Callable[..., httpx.AsyncClient]

MARY = "00000000-0000-0000-0000-000000000001"
USERS = {
    "ada": ("read", "events", "start", "cancel", "approve"),
    "otto": ("read", "events", "approve", "operator"),
    MARY: ("read", "approve"),
    "nina": (),
}

ROLES = {"ada": ["boss"]}


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The file of tokens: the token of a user is `token-of-` and their name."""
    entries = [
        {
            "sha256": token_hash(f"token-of-{user}"),
            "sub": user,
            "name": f"The {user}",
            "roles": ROLES.get(user, []),
            "scopes": list(scopes),
        }
        for user, scopes in USERS.items()
    ]
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps({"tokens": entries}))
    return path


@pytest.fixture
def tokens(token_file: Path) -> TokenFile:
    """What the program knows of that file."""
    return TokenFile(token_file)


@pytest.fixture
def client_of(links: Links, tokens: TokenFile) -> ClientOf:
    """Makes the client of a user, of an API as the program serves it unless told otherwise."""

    def client(user: str | None, *, links: Links = links, **parts: Any) -> httpx.AsyncClient:
        authenticator = parts.get("authenticator", Authenticator(tokens, None))
        app = application(links, authenticator, parts.get("limits", Limits(body=links.settings.max_event_bytes)))
        headers = {"authorization": f"Bearer token-of-{user}"} if user else {}
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api", headers=headers)

    return client


@pytest.fixture
def serve() -> Callable[[ASGIApp], AbstractAsyncContextManager[int]]:
    """Serves an application, and gives its port."""

    @asynccontextmanager
    async def served(app: ASGIApp) -> AsyncGenerator[int]:
        port = free_port()
        server = HttpServer(LOOPBACK, port, [], app)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve())
            try:
                yield port
            finally:
                server.close()

    return served


@pytest.fixture
def ada(client_of: ClientOf) -> httpx.AsyncClient:
    """A client that may read, post events and start rules."""
    return client_of("ada")


@pytest.fixture
def otto(client_of: ClientOf) -> httpx.AsyncClient:
    """A client that may read, and post events of anybody."""
    return client_of("otto")


@pytest.fixture
def nina(client_of: ClientOf) -> httpx.AsyncClient:
    """A client that is known, and may do nothing."""
    return client_of("nina")
