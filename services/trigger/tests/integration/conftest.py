"""Links of parts that run within a test."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import pytest
import pytest_asyncio
from ichor_service import load_settings, store_link, temporal_link
from ichor_trigger.links import Links


@pytest.fixture
def links_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], AbstractAsyncContextManager[Links]]:
    """Opens links as the trigger does, to the servers of an environment."""

    @asynccontextmanager
    async def opened(environment: dict[str, str]) -> AsyncGenerator[Links]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings = load_settings()
        store = store_link(settings, "ichor-trigger test")
        links = Links(settings, temporal_link(settings, lambda: store.opened.values), store)
        async with links.store:
            await links.temporal.connect()
            await links.store.connect()
            yield links

    return opened


@pytest_asyncio.fixture(loop_scope="session")
async def links(
    links_to: Callable[[dict[str, str]], AbstractAsyncContextManager[Links]], environment: dict[str, str]
) -> AsyncGenerator[Links]:
    """Links to the session's servers."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(links_to(environment))
