"""Servers in Docker, by testcontainers.

The container is kept by a supervisor as a program of this machine would be, so that it too may outlive the process
that asked for it and ends with the watched one. That is what testcontainers' own reaper is for, so it is not started.
"""

import asyncio
import json
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ichor_testing import supervisor
from ichor_testing.errors import ServerMissing
from ichor_testing.keeper import Keeper, Watch, private_folder, supervise
from ichor_testing.ports import LOOPBACK

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.docker_client import DockerClient

_PING_SECONDS = 3
_STOP_SECONDS = 10
_LOCAL_HOSTS = {"localhost", LOOPBACK}


@dataclass(frozen=True, slots=True)
class Image:
    """What to run: `ports` and `volumes` map from the container's port to ours, from our folder to the container's."""

    name: str
    ports: Mapping[int, int]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    volumes: Mapping[str, str] = field(default_factory=dict[str, str])
    command: Sequence[str] = ()
    hostname: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A container that was started, and the host where its ports are."""

    keeper: Keeper
    host: str


async def engine_answers() -> bool:
    """Tell whether there is a Docker engine; asked once for each process."""
    return await asyncio.to_thread(_engine_answers)


async def fetch(image: str) -> None:
    """Pull an image that is not here yet; raises ServerMissing where it cannot be had."""
    await asyncio.to_thread(_fetch, image)


async def keep(image: Image, watch: Watch) -> Kept:
    """Run an image under a supervisor; raises ServerMissing where it cannot be had."""
    await fetch(image.name)
    host = await asyncio.to_thread(_host)
    plan = {"image": asdict(image), "loopback": host in _LOCAL_HOSTS}
    for folder in image.volumes:
        await asyncio.to_thread(os.makedirs, folder, exist_ok=True)
    keeper = await supervise([sys.executable, "-m", __name__], plan, private_folder(), watch)
    return Kept(keeper, LOOPBACK if host in _LOCAL_HOSTS else host)


@cache
def _engine_answers() -> bool:
    # Importing the client takes a third of a second, which most machines without Docker need not spend.
    home = Path.home() / ".docker"
    sockets = (Path("/var/run/docker.sock"), home / "run/docker.sock")
    if not ("DOCKER_HOST" in os.environ or (home / "contexts").exists() or any(s.exists() for s in sockets)):
        return False
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from testcontainers.core.docker_client import DockerClient

    try:
        client: Any = DockerClient(timeout=_PING_SECONDS).client  # partly typed
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (DockerException, RequestException, OSError):
        return False


def _fetch(image: str) -> None:
    from docker.errors import DockerException, ImageNotFound

    with _client() as client:
        try:
            client.client.images.get(image)
        except ImageNotFound:
            try:
                client.client.images.pull(image)
            except DockerException as error:
                reason = getattr(error, "explanation", None) or error
                raise ServerMissing(f"Docker cannot pull {image}: {reason}") from error


def _host() -> str:
    with _client() as client:
        return client.host()


@contextmanager
def _client() -> "Generator[DockerClient]":
    from testcontainers.core.docker_client import DockerClient

    client = DockerClient()
    try:
        yield client
    finally:
        client.client.close()


@dataclass
class Container:
    """A container as the supervisor's workload; a killed one keeps its file system for the next start."""

    image: Image
    loopback: bool
    log: Path
    started: "DockerContainer | None" = None

    def start(self) -> None:
        """Create the container and start it, or start it again."""
        if self.started is None:
            self.started = self._configured()
            self.started.start()
        else:
            self.started.get_wrapped_container().start()

    def status(self) -> str:
        """Tell whether it runs; where it ended, its output goes to the log."""
        if self.started is None:
            return "ended"
        container = self.started.get_wrapped_container()
        container.reload()
        if container.status in {"created", "running"}:
            return "running"
        self.log.write_bytes(container.logs())
        return f"ended {container.attrs['State']['ExitCode']}"

    def kill(self) -> None:
        """SIGKILL it and wait until it is gone."""
        if self.started is not None and self.status() == "running":
            container = self.started.get_wrapped_container()
            container.kill()
            container.wait()

    def stop(self) -> None:
        """End it, in order where its data outlives it, and remove it."""
        if self.started is None:
            return
        if self.image.volumes and self.status() == "running":
            self.started.get_wrapped_container().stop(timeout=_STOP_SECONDS)
        self.started.stop()

    def tend(self) -> None:
        """Do nothing: the engine looks after its processes."""

    def _configured(self) -> "DockerContainer":
        from testcontainers.core.config import testcontainers_config
        from testcontainers.core.container import DockerContainer

        testcontainers_config.ryuk_disabled = True
        image = self.image
        settings: dict[str, Any] = {"hostname": image.hostname, "user": image.user}
        container = DockerContainer(image.name).with_kwargs(**{key: value for key, value in settings.items() if value})
        ports: dict[str, Any] = container.ports
        for inside, outside in image.ports.items():
            ports[f"{inside}/tcp"] = (LOOPBACK, outside) if self.loopback else outside
        for name, value in image.env.items():
            container.with_env(name, value)
        for folder, inside in image.volumes.items():
            container.with_volume_mapping(str(Path(folder).resolve()), inside, "rw")
        return container.with_command(list(image.command)) if image.command else container


def main() -> None:
    """Keep the container of the plan that comes on standard input."""
    plan = json.load(sys.stdin)
    image = plan["image"]
    image["ports"] = {int(inside): outside for inside, outside in image["ports"].items()}
    supervisor.run(plan, Container(Image(**image), plan["loopback"], Path(plan["log"])))


if __name__ == "__main__":
    main()
