"""What the API does beside answering: it connects, keeps its tokens and keys fresh, and forgets old keys."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from ichor_edgestore import StoreError
from ichor_service import Stop, Stopped, reach, reason

from ichor_trigger.api.key_set import KeySet
from ichor_trigger.api.token_file import TokenFile
from ichor_trigger.links import Links

KEPT = timedelta(hours=24)
"""How long a response is kept for the key of its request."""
_PRUNING_SECONDS = 600.0
_REFRESH_SECONDS = 2.0
_log = structlog.stdlib.get_logger(__name__)


class Upkeep:
    """Works until told to stop; a server that is away is waited for."""

    def __init__(self, links: Links, tokens: TokenFile | None, keys: KeySet | None) -> None:
        self._links = links
        self._tokens = tokens
        self._keys = keys

    async def run(self, stop: Stop) -> None:
        """Do all of it side by side."""
        async with asyncio.TaskGroup() as group:
            for work in (self._reach_temporal, self._prune, self._refresh_tokens, self._refresh_keys):
                group.create_task(_until_stopped(work, stop))

    async def _reach_temporal(self, stop: Stop) -> None:
        await reach("Temporal", self._links.temporal.connect, stop)

    async def _prune(self, stop: Stop) -> None:
        while True:
            await reach("PostgreSQL", self._links.store.connect, stop)
            try:
                await self._links.store.opened.idempotency.prune(KEPT)
            except StoreError as error:
                _log.warning("old idempotency keys not removed, it is tried again", reason=reason(error))
            await stop.sleep(_PRUNING_SECONDS)

    async def _refresh_tokens(self, stop: Stop) -> None:
        while self._tokens is not None:
            await asyncio.to_thread(self._tokens.refresh)
            await stop.sleep(_REFRESH_SECONDS)

    async def _refresh_keys(self, stop: Stop) -> None:
        while self._keys is not None:
            await self._keys.refresh()
            await stop.sleep(_REFRESH_SECONDS)


async def _until_stopped(work: Callable[[Stop], Coroutine[Any, Any, None]], stop: Stop) -> None:
    with suppress(Stopped):
        await work(stop)
