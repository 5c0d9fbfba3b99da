"""A program of the engine, `ichor-worker` or `ichor-trigger`, as a process of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ichor_testing.deadline import until
from ichor_testing.ports import LOOPBACK, free_port


@dataclass(frozen=True, slots=True)
class EngineProgram:
    """A running program, with the port of its health server and the file that its logs go to."""

    process: asyncio.subprocess.Process
    port: int
    log: Path

    @property
    def logs(self) -> list[dict[str, Any]]:
        """Return what it logged."""
        whole, _, _ = self.log.read_bytes().rpartition(b"\n")  # It may be writing another line.
        return [json.loads(line) for line in whole.decode().split("\n") if line.startswith("{")]

    @property
    def complaint(self) -> str:
        """Return what it printed beside its logs."""
        return "\n".join(line for line in self.log.read_text().splitlines() if not line.startswith("{"))

    async def health(self) -> dict[str, Any]:
        """Return the body of `/healthz/ready`, `{}` where nothing answers."""
        import httpx

        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{self.port}", timeout=5) as http:
            with suppress(httpx.HTTPError):
                return (await http.get("/healthz/ready")).json()
        return {}

    async def metrics(self) -> dict[str, float]:
        """Return what `/metrics` says, by name and labels as they stand there."""
        import httpx

        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{self.port}", timeout=60) as http:
            text = (await http.get("/metrics")).raise_for_status().text
        samples = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in samples}

    async def ready(self, seconds: float = 120.0) -> None:
        """Return once it is ready; raises DeadlineExceeded where it is not."""

        async def is_ready() -> bool:
            assert self.process.returncode is None, f"it ended: {self.log.read_text()}"
            return bool((await self.health()).get("ready"))

        await until(is_ready, f"readiness of process {self.process.pid}", seconds=seconds)

    async def failing(self, check: str, seconds: float = 120.0) -> None:
        """Return once a check fails; raises DeadlineExceeded where it does not."""

        async def fails() -> bool:
            return check in (await self.health()).get("failing", [])

        await until(fails, f"failure of {check} in process {self.process.pid}", seconds=seconds)

    async def failing_only(self, *checks: str) -> None:
        """Return once these checks fail, in this order, and no other; raises DeadlineExceeded where they do not."""

        async def fail() -> bool:
            return (await self.health()).get("failing") == [*checks]

        await until(fail, f"failure of only {', '.join(checks)} in process {self.process.pid}")

    async def said(self, message: str, seconds: float = 120.0, **fields: object) -> None:
        """Return once a line of that message, with these fields, is in its logs."""

        async def is_said() -> bool:
            wanted = {"message": message, **fields}
            return any(wanted.items() <= line.items() for line in self.logs)

        await until(is_said, f"the log line {message!r} of process {self.process.pid}", seconds=seconds)

    async def ended(self, seconds: float = 120.0) -> int:
        """Return the exit code of a program that ends by itself."""
        return await asyncio.wait_for(self.process.wait(), seconds)

    async def stop(self, seconds: float = 120.0) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended(seconds)

    async def kill(self) -> None:
        """Send SIGKILL and return when it is gone."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def start_program(module: str, environment: Mapping[str, str], *arguments: str) -> AsyncGenerator[EngineProgram]:
    """Yield `python -m module` with these variables over ours; what still runs at the end of the block is killed."""
    port = int(environment.get("ICHOR_HTTP_PORT") or free_port())
    variables = {**os.environ, **environment, "ICHOR_HTTP_PORT": str(port)}
    with TemporaryDirectory(prefix="ichor-program-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *arguments, env=variables, cwd=folder, stdout=output, stderr=output
            )
        program = EngineProgram(process, port, log)
        try:
            yield program
        finally:
            await program.kill()
