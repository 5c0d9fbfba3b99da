"""One of the engine's programs, run beside this process and ended with it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from ichor_testing import ServerFailed, free_port
from ichor_testing.keeper import Command, Keeper, Watch, keep, private_folder
from ichor_testing.ports import LOOPBACK

_PATIENCE = 120.0
_PAUSE = 0.1
_GRACE = 10.0


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A running `python -m MODULE`; `address` serves its health checks."""

    module: str
    address: str
    keeper: Keeper

    @property
    def health(self) -> str:
        """Return where it says whether it is ready."""
        return f"{self.address}/healthz/ready"

    async def ready(self) -> None:
        """Return when it says that it is ready.

        Raises:
            ServerFailed: it ended, or is not ready in time, with the end of its log.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                while not await asyncio.to_thread(self._answers):
                    await self.check()
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            why = f"{self.module} is not ready after {_PATIENCE:g} s:\n{self.keeper.log_tail()}"
            raise ServerFailed(why) from None

    async def check(self) -> None:
        """Raise ServerFailed where it has ended."""
        status = await self.keeper.tell("status")
        if status != "running":
            raise ServerFailed(f"{self.module} {status}; the end of its log:\n{self.keeper.log_tail()}")

    async def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        await self.keeper.tell("stop")

    def _answers(self) -> bool:
        try:
            with urlopen(self.health, timeout=2) as answer:
                return answer.status == 200
        except (URLError, OSError):
            return False


async def start_service(module: str, environment: Mapping[str, str]) -> ServiceProcess:
    """Start a program in our folder, with these variables over our own and a free port for its health checks."""
    port = free_port()
    folder = private_folder()
    # What we say wins over a file that the environment names for it.
    inherited = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in environment}
    variables = {**inherited, **environment, "ICHOR_HTTP_PORT": str(port)}
    command = Command([sys.executable, "-P", "-m", module], variables, Path.cwd())
    keeper = await keep(folder, [command], Watch(), grace=_GRACE)
    return ServiceProcess(module, f"http://{LOOPBACK}:{port}", keeper)
