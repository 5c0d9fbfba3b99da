"""What endpoints are given: who calls, with the scope that it takes, and the store."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer, SecurityScopes
from ichor_edgestore import EdgeStore
from ichor_service import Caller, Scope

from ichor_trigger.api.error import ApiError
from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="A token of the file, or a JWT.")


def the_caller(request: Request) -> Caller:
    """Return who calls; the guard knows."""
    return request.state.caller


def _entitled(
    caller: Annotated[Caller, Depends(the_caller)], needed: SecurityScopes, _: Annotated[object, Depends(_BEARER)]
) -> Caller:
    for scope in needed.scopes:
        require(caller, Scope(scope))
    return caller


def require(caller: Caller, scope: Scope, what: str = "this") -> None:
    """Refuse a caller who lacks a scope.

    Raises:
        ApiError: they do.
    """
    if scope not in caller.scopes:
        message = f"The token of {caller.sub} lacks the scope {scope}, which {what} takes."
        raise ApiError(403, "missing_scope", message, f"Use a token with the scope {scope}.")


def the_links(request: Request) -> Links:
    """Return the links of the program."""
    return request.app.state.links


def _the_launcher(request: Request) -> Launcher:
    return request.app.state.launcher


def the_store(links: Annotated[Links, Depends(the_links)]) -> EdgeStore:
    """Return the store.

    Raises:
        Unreachable: it was never there.
    """
    return links.store.opened


Reader = Annotated[Caller, Security(_entitled, scopes=[Scope.READ])]
Sender = Annotated[Caller, Security(_entitled, scopes=[Scope.EVENTS])]
StartingCaller = Annotated[Caller, Security(_entitled, scopes=[Scope.START])]
CancellingCaller = Annotated[Caller, Security(_entitled, scopes=[Scope.CANCEL])]
Approver = Annotated[Caller, Security(_entitled, scopes=[Scope.APPROVE])]
ProgramLinks = Annotated[Links, Depends(the_links)]
ProgramLauncher = Annotated[Launcher, Depends(_the_launcher)]
Store = Annotated[EdgeStore, Depends(the_store)]
