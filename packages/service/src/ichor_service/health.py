"""Whether a program is alive and ready, and what is missing when it is not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ichor_service.reason import reason
from ichor_service.stop import Stop

type Probe = Callable[[], Awaitable[None]]
"""Raises, saying why, where what it asks is not there."""

OK = "ok"
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the checks said last: `ok`, or what is wrong."""

    checks: Mapping[str, str]

    @property
    def failing(self) -> list[str]:
        """Return the names of the checks that fail."""
        return [name for name, state in self.checks.items() if state != OK]


class Health:
    """Asks each probe every `period` seconds, more often while it fails; no answer within `timeout` is a failure.

    A program that is stopping is not ready, since it takes no more work.
    """

    def __init__(self, probes: Mapping[str, Probe], stop: Stop, *, period: float = 1.0, timeout: float = 1.5) -> None:
        self._probes = probes
        self._stop = stop
        self._period = period
        self._timeout = timeout
        self._checks = dict.fromkeys(probes, "not checked yet")

    @property
    def readiness(self) -> Readiness:
        """Return what is known now, at most `period` and `timeout` old."""
        stopping = {"running": "the program is stopping"} if self._stop.asked else {}
        return Readiness({**self._checks, **stopping})

    async def watch(self) -> None:
        """Keep asking, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, probe in self._probes.items():
                group.create_task(self._watch(name, probe))

    async def _watch(self, name: str, probe: Probe) -> None:
        while True:
            state = await self._state(probe)
            self._note(name, state)
            await asyncio.sleep(self._period if state == OK else self._period / 4)

    async def _state(self, probe: Probe) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                await probe()
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except Exception as error:
            return reason(error)
        return OK

    def _note(self, name: str, state: str) -> None:
        before = self.readiness
        self._checks[name] = state
        now = self.readiness
        if before.failing and not now.failing:
            _log.info("ready")
        elif now.failing and not before.failing:
            _log.warning("not ready", check=name, reason=state)


def health_routes(health: Health) -> list[BaseRoute]:
    """Return `/healthz/live` and `/healthz/ready`, each with a JSON body."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        known = health.readiness
        status = HTTPStatus.SERVICE_UNAVAILABLE if known.failing else HTTPStatus.OK
        body = {"ready": not known.failing, "failing": known.failing, "checks": dict(known.checks)}
        return JSONResponse(body, status_code=status, headers={"cache-control": "no-store"})

    return [Route("/healthz/live", live), Route("/healthz/ready", ready)]
