"""The application: all routes of the API, behind the guard."""

from importlib import metadata

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from ichor_models import IchorError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from ichor_trigger.api import approvals, cancellations, events, rules, runs, starts
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.error import declared, explain
from ichor_trigger.api.guard import Guard, Limits
from ichor_trigger.api.known_parameters import refuse_unknown_parameters
from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links

_FAILURES = (HTTPException, RequestValidationError, ClientDisconnect, IchorError, Exception)
_ROUTERS = (events.router, starts.router, cancellations.router, approvals.router, rules.router, runs.router)


def application(links: Links, authenticator: Authenticator, limits: Limits) -> ASGIApp:
    """Return the application that serves every path, and none to a stranger."""
    app = FastAPI(
        title="Ichor",
        summary="Post events, start rules, cancel runs, vote on approvals, look at rules and runs.",
        version=metadata.version("ichor-trigger"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=declared(400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 503),
        exception_handlers=dict.fromkeys(_FAILURES, _answer),
    )
    app.state.links = links
    app.state.launcher = Launcher(links)
    for router in _ROUTERS:
        app.include_router(router, prefix="/v1", dependencies=[Depends(refuse_unknown_parameters)])
    return Guard(app, authenticator, limits)


async def _answer(_: Request, error: Exception) -> Response:
    return explain(error).response()
