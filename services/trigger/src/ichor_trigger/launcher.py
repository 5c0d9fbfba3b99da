"""Starts one run in Temporal."""

import time
from collections.abc import Collection

from ichor_edgestore import PinnedRun
from ichor_executor.temporal import Started, search_attributes, start_run
from ichor_service import is_refusal, is_unknown, require_home
from temporalio.service import RPCError

from ichor_trigger.links import Links

_KNOWN_FOR = 10.0
"""Seconds after which it is asked again whether this Temporal carries the runs: another may have taken its place."""


class Launcher:
    """Knows the task queue, which search attributes the namespace has, and how far its runs are behind others."""

    def __init__(self, links: Links, behind: int = 0) -> None:
        self._links = links
        self._behind = behind
        self._attributes: Collection[str] | None = None
        self._known_until = 0.0

    async def launch(self, pinned: PinnedRun) -> Started:
        """Start a run, without search attributes where the namespace does not take them.

        Raises:
            RPCError: Temporal refused it (`is_refusal`), or could not be asked.
            ForeignNamespace: this Temporal does not carry the runs of the database.
            ActionError: the store of large values is away, or the trigger data can be neither kept nor cut.
        """
        attributes = await self._known()
        try:
            return await self._start(pinned, attributes)
        except RPCError as error:
            if not (attributes and is_refusal(error)):
                raise
        self._attributes = None
        return await self._start(pinned, ())

    async def was_started(self, pinned: PinnedRun) -> bool:
        """Say whether Temporal knows a run.

        Raises:
            RPCError: Temporal could not be asked.
        """
        try:
            await self._links.temporal.opened.get_workflow_handle(pinned.workflow_id).describe()
        except RPCError as error:
            if not (is_unknown(error) or is_refusal(error)):
                raise
            return False
        return True

    async def _start(self, pinned: PinnedRun, attributes: Collection[str]) -> Started:
        return await start_run(
            self._links.temporal.opened,
            pinned.request,
            workflow_id=pinned.workflow_id,
            task_queue=self._links.settings.task_queue,
            attributes=attributes,
            behind=self._behind,
            store=self._links.store.opened.values,
            limit=self._links.settings.value_limit,
        )

    async def _known(self) -> Collection[str]:
        """Return the search attributes of the namespace, which is looked at now and then."""
        now = time.monotonic()
        if self._attributes is None or now >= self._known_until:
            await require_home(self._links.temporal.opened, self._links.store.opened)
            self._attributes = await search_attributes(self._links.temporal.opened)
            self._known_until = now + _KNOWN_FOR
        return self._attributes
