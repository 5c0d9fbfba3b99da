"""Images and containers as Docker's client shows them."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from ichor_testing import free_port, until

DOCKER = os.environ.get("DOCKER", "docker")
NAMES = ("worker", "trigger", "cli")
HARDENED = (
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    # Hides every shell and tool of the base image.
    "--tmpfs=/usr/bin:ro,size=4k",
    "--tmpfs=/usr/sbin:ro,size=4k",
    "--network=host",
)


def image(name: str) -> str:
    """Return the image of `worker`, `trigger` or `cli` that is tested."""
    return f"ichor-{name}:{os.environ['TAG']}"


async def output(*command: str, **variables: str) -> str:
    """Return what a command prints; raises AssertionError with its complaint where it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **variables}
    )
    out, error = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}: {out.decode()}{error.decode()}"
    return out.decode().strip()


async def docker(*arguments: str) -> str:
    """Return what Docker's client prints."""
    return await output(DOCKER, *arguments)


async def inspect(thing: str) -> dict[str, Any]:
    """Return all that the engine knows of an image or a container."""
    return json.loads(await docker("inspect", thing))[0]


async def python(name: str, code: str) -> str:
    """Return what Python prints in an image."""
    return await docker("run", "--rm", "--read-only", "--entrypoint", "/opt/ichor/bin/python", image(name), "-c", code)


@dataclass(frozen=True, slots=True)
class Container:
    """A running container of a service, whose health is served at a port of this machine."""

    name: str
    port: int

    async def ready(self) -> None:
        """Return once it is ready."""

        async def is_ready() -> bool:
            state = (await inspect(self.name))["State"]
            assert state["Running"], f"it ended {state['ExitCode']}: {await self.log()}"
            try:
                async with httpx.AsyncClient(timeout=5) as http:
                    return (await http.get(f"http://127.0.0.1:{self.port}/healthz/ready")).is_success
            except httpx.TransportError:
                return False

        await until(is_ready, f"readiness of {self.name}", seconds=120)

    async def log(self) -> str:
        """Return what it printed."""
        return await output("sh", "-c", f"{DOCKER} logs {self.name} 2>&1")

    async def signal(self, name: str) -> None:
        """Send a signal to its first process."""
        await docker("kill", "--signal", name, self.name)

    async def ended(self, seconds: float) -> int:
        """Return its exit code; raises TimeoutError where it goes on for longer."""
        return int(await asyncio.wait_for(docker("wait", self.name), seconds))


@asynccontextmanager
async def started(name: str, environment: Mapping[str, str], *arguments: str) -> AsyncGenerator[Container]:
    """Yield a container of a service as production runs it: nothing to write to, no rights, no shell."""
    container = Container(f"ichor-test-{uuid4().hex[:12]}", free_port())
    variables = {**environment, "ICHOR_HTTP_PORT": str(container.port)}
    settings = [f"--env={key}={value}" for key, value in variables.items()]
    await docker("run", "--detach", "--name", container.name, *HARDENED, *settings, image(name), *arguments)
    try:
        yield container
    finally:
        await docker("rm", "--force", container.name)


async def ichor(environment: Mapping[str, str], *arguments: str, mounts: Mapping[str, str] | None = None) -> str:
    """Return what a command of the image `cli` prints."""
    settings = [f"--env={key}={value}" for key, value in environment.items()]
    volumes = [f"--volume={outside}:{inside}:ro" for outside, inside in (mounts or {}).items()]
    return await docker("run", "--rm", *HARDENED, *settings, *volumes, image("cli"), *arguments)
