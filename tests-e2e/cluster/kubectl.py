"""`kubectl` on the namespace of the overlay `dev`."""

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

NAMESPACE = "ichor-dev"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that is not on its way out."""

    name: str
    ready: bool
    restarts: int


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs it with the cluster's own KUBECONFIG."""

    kubeconfig: str

    async def run(self, *arguments: str, fails: bool = False) -> str:
        """Return what it printed, on both outputs; `fails` says which end is expected."""
        process = await self._start(*arguments)
        output, _ = await process.communicate()
        assert (process.returncode != 0) is fails, f"kubectl {' '.join(arguments)}: {output.decode()}"
        return output.decode()

    async def pods(self, program: str) -> list[Pod]:
        """Return the pods of a program."""
        found = json.loads(await self.run("get", "pods", "-l", f"app.kubernetes.io/component={program}", "-o", "json"))
        return [_pod(item) for item in found["items"] if "deletionTimestamp" not in item["metadata"]]

    async def rolled_out(self, program: str) -> None:
        """Return once the Deployment of a program is as it was asked to be."""
        await self.run("rollout", "status", f"deployment/ichor-{program}", "--timeout=300s")

    @asynccontextmanager
    async def forward(self, service: str, port: int) -> AsyncGenerator[int]:
        """Yield a port of this machine that leads to a port of a service."""
        process = await self._start("port-forward", f"service/{service}", f":{port}")
        assert process.stdout is not None
        try:
            said = (await process.stdout.readline()).decode()
            found = re.search(r"127\.0\.0\.1:(\d+)", said)
            assert found, said
            yield int(found[1])
        finally:
            process.terminate()
            await process.wait()

    async def _start(self, *arguments: str) -> asyncio.subprocess.Process:
        environment = {**os.environ, "KUBECONFIG": self.kubeconfig}
        return await asyncio.create_subprocess_exec(
            "kubectl",
            "--namespace",
            NAMESPACE,
            *arguments,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )


def _pod(item: Mapping[str, Any]) -> Pod:
    status = item["status"]
    ready = any(known["type"] == "Ready" and known["status"] == "True" for known in status.get("conditions", []))
    return Pod(item["metadata"]["name"], ready, sum(c["restartCount"] for c in status.get("containerStatuses", [])))
