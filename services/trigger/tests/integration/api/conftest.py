"""The API within a test, its callers, and rules to call it about."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from ichor_service import token_hash
from ichor_trigger.api.application import application
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.guard import Limits
from ichor_trigger.api.token_file import TokenFile
from ichor_trigger.links import Links
from starlette.types import ASGIApp

type LinksTo = Callable[[dict[str, str]], AbstractAsyncContextManager[Links]]

USERS = {
    "ada": ("read", "events", "start"),
    "otto": ("read", "events", "operator"),
    "nina": (),
}
LARGEST = 20_000


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The file of tokens: the token of a user is `token-of-` and their name."""
    entries = [
        {"sha256": token_hash(f"token-of-{user}"), "sub": user, "scopes": list(scopes)}
        for user, scopes in USERS.items()
    ]
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps({"tokens": entries}))
    return path


@pytest_asyncio.fixture(loop_scope="session")
async def links(links_to: LinksTo, environment: dict[str, str]) -> AsyncGenerator[Links]:
    """Links to the session's servers."""
    async with links_to(environment | {"ICHOR_MAX_EVENT_BYTES": str(LARGEST)}) as opened:
        yield opened


@pytest.fixture
def app(links: Links, token_file: Path) -> ASGIApp:
    """The API, as the program serves it."""
    return application(links, Authenticator(TokenFile(token_file), None), Limits(body=LARGEST))


@pytest.fixture
def client_of(app: ASGIApp) -> Callable[[str], httpx.AsyncClient]:
    """Makes the client of a user."""

    def client(user: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer token-of-{user}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api", headers=headers)

    return client


@pytest.fixture
def ada(client_of: Callable[[str], httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client that may read, post events and start rules."""
    return client_of("ada")


@pytest.fixture
def otto(client_of: Callable[[str], httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client that may read, and post events of anybody."""
    return client_of("otto")


@pytest.fixture
def nina(client_of: Callable[[str], httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client that is known, and may do nothing."""
    return client_of("nina")
