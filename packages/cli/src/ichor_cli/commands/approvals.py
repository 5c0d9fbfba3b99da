"""`ichor approvals` and `ichor approve`."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from ichor_models import LONGEST_REASON, VoteVerdict

from ichor_cli.approval_text import approval_text
from ichor_cli.arguments import Json
from ichor_cli.errors import CliError, Missing, WrongUsage
from ichor_cli.screen import Screen

if TYPE_CHECKING:
    from ichor_edgestore import ApprovalView
    from ichor_models import Person, VoteResult
    from ichor_service import Settings

_APPROVAL = typer.Argument(metavar="APPROVAL", help="The id of an approval.", show_default=False)
_USER = typer.Option("--as", metavar="USER_ID", help="The approver whose vote it is.", show_default=False)
_ROLES = typer.Option(
    "--role", metavar="ROLE", help="A role of that user, where ICHOR_ROLES_SQL does not say; may come again."
)
_REJECT = typer.Option("--reject", help="Reject it instead.")
_REASON = typer.Option("--reason", metavar="TEXT", help="Why, for whoever asks later.")
_NAME = typer.Option("--name", metavar="NAME", help="The user's name, for people.")
_ALL = typer.Option("--all", help="Those that are resolved, too.")
_ASKED = typer.Option("--as", metavar="USER_ID", help="Only those that this user is asked.")
_LIMIT = typer.Option("--limit", min=1, max=10_000, help="At most so many.")
_FROM_SQL, _FROM_OPTION = "ICHOR_ROLES_SQL says who has a role", "where that is a role, give --role"
_REFUSALS = {
    VoteVerdict.NOT_ASKED: ("this user is not asked", "`ichor approvals` says who is asked; {roles}."),
    VoteVerdict.OTHER: ("this user has voted otherwise before", "A vote stands."),
    VoteVerdict.RESOLVED: ("the approval is {status}", "Votes count while an approval is pending."),
}


def approvals(
    all: Annotated[bool, _ALL] = False,
    user: Annotated[str | None, _ASKED] = None,
    roles: Annotated[list[str] | None, _ROLES] = None,
    limit: Annotated[int, _LIMIT] = 50,
    json: Json = False,
) -> int:
    """List what people are asked to decide, the newest first; `ichor approve` decides."""
    found = asyncio.run(_list(None if all else "pending", user, tuple(roles or ()), limit))
    Screen(json).answer(
        {"approvals": [approval.model_dump(mode="json") for approval in found]},
        lambda: approval_text(found) or "There are no such approvals.",
    )
    return 0


def approve(
    approval: Annotated[str, _APPROVAL],
    user: Annotated[str, _USER],
    reject: Annotated[bool, _REJECT] = False,
    reason: Annotated[str | None, _REASON] = None,
    name: Annotated[str | None, _NAME] = None,
    roles: Annotated[list[str] | None, _ROLES] = None,
    json: Json = False,
) -> int:
    """Approve what a run asks, or reject it, as one of its approvers."""
    if reason is not None and len(reason) > LONGEST_REASON:
        raise typer.BadParameter(f"it may have {LONGEST_REASON} characters", param_hint="--reason")
    result = asyncio.run(_vote(_id(approval), user, name, tuple(roles or ()), approves=not reject, reason=reason))
    Screen(json).answer(
        {
            "approval_id": approval,
            "result": result.verdict,
            "status": result.status,
            "repeated": result.repeated,
        },
        lambda: _sentence(result, approval),
    )
    return 0


async def _list(status: str | None, user: str | None, roles: tuple[str, ...], limit: int) -> "Sequence[ApprovalView]":
    from ichor_edgestore import ApprovalFilter
    from ichor_service import load_settings

    from ichor_cli.store import edge_store

    asked = None if user is None else _person(user, None, roles)
    settings = load_settings(["database_url"])
    _tell_ignored(settings, roles)
    async with edge_store(settings) as store:
        return await store.list_approvals(ApprovalFilter(status=status, asked=asked, limit=limit))


async def _vote(
    approval: UUID, user: str, name: str | None, roles: tuple[str, ...], *, approves: bool, reason: str | None
) -> "VoteResult":
    from ichor_service import load_settings

    from ichor_cli.store import edge_store

    person = _person(user, name, roles)
    settings = load_settings(["database_url"])
    _tell_ignored(settings, roles)
    async with edge_store(settings) as store:
        result = await store.vote(approval, person, approves=approves, reason=reason)
    if result.verdict is VoteVerdict.UNKNOWN:
        raise _unknown(str(approval))
    if (refusal := _REFUSALS.get(result.verdict)) is not None:
        because, mend = refusal
        message = f"The vote of {user} does not count: {because.format(status=result.status)}."
        mend = mend.format(roles=_FROM_SQL if settings.roles_sql else _FROM_OPTION)
        raise CliError(message, code=result.verdict, mend=mend, details={"status": result.status})
    return result


def _tell_ignored(settings: "Settings", roles: tuple[str, ...]) -> None:
    if roles and settings.roles_sql is not None:
        Screen(json=False).note(f"--role is ignored: {_FROM_SQL}.")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _unknown(text) from None


def _unknown(approval: str) -> Missing:
    mend = "`ichor approvals --all` lists what there is."
    return Missing(f"There is no approval with the id {approval}.", code="approval_not_found", mend=mend)


def _person(user: str, name: str | None, roles: tuple[str, ...]) -> "Person":
    from ichor_models import Person
    from ichor_models.wording import all_in_words
    from pydantic import ValidationError

    try:
        return Person(id=user, name=name, roles=roles)
    except ValidationError as error:
        raise WrongUsage(f"{all_in_words(error)}.", code="usage", mend="Give the id of a user with --as.") from None


def _sentence(result: "VoteResult", approval: str) -> str:
    before = "The vote was counted before; " if result.repeated else ""
    if result.status == "pending":
        return f"{before or 'The vote counts; '}{approval} waits for others."
    return f"{before}{approval} is {result.status}."
