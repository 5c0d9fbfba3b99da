"""Tells whoever watches a development stack what people are asked, and how to answer."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from ichor_edgestore import ApprovalFilter, ApprovalView, EdgeStore, StoreUnavailable, connected

from ichor_cli.approval_text import asked_text, vote_command
from ichor_cli.plain_text import plain

_PAUSE = 1.0


async def announce_approvals(database_url: str, say: Callable[[str], None]) -> None:
    """Say each approval once, and again when it is escalated, until cancelled."""
    told = set[tuple[UUID, bool]]()
    async with connected(database_url, max_size=1) as pool:
        store = EdgeStore(pool)
        while True:
            with suppress(StoreUnavailable):
                for approval in await store.list_approvals(ApprovalFilter(status="pending")):
                    step = (approval.approval_id, approval.escalated)
                    if step not in told:
                        told.add(step)
                        say(announcement(approval))
            await asyncio.sleep(_PAUSE)


def announcement(approval: ApprovalView) -> str:
    """Say what is asked and of whom, with the command of one of them."""
    what = plain(f"{approval.rule_name}: {approval.message or approval.action_name}")
    who = plain(asked_text(approval.approval, escalated=approval.escalated))
    how = vote_command(approval.approval_id, approval.approval, escalated=approval.escalated)
    return f"{what}\n    {who}\n    {how}    (or with --reject)"
