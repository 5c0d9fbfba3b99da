"""Whatever ends the process that started servers, they end too and leave nothing behind."""

import asyncio
import json
import signal
import sys
from os.path import exists
from typing import Any

import pytest
from ichor_testing import until
from ichor_testing.ports import is_free

STARTER = """
import asyncio, json
from urllib.parse import urlsplit
from ichor_testing import Source, start_postgres, start_temporal

async def main():
    async with start_postgres(source=Source.LOCAL) as postgres, start_temporal(source=Source.LOCAL) as temporal:
        ports = [urlsplit(postgres.url).port, int(temporal.url.rpartition(":")[2])]
        folders = [postgres.keeper.folder, temporal.keeper.folder]
        print(json.dumps({"ports": ports, "folders": folders}), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def started() -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 60))


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
async def test_servers_end_with_their_process(ending: signal.Signals) -> None:
    process, told = await started()
    assert not any(is_free(port) for port in told["ports"])
    process.send_signal(ending)
    await process.wait()

    async def gone() -> bool:
        return all(map(is_free, told["ports"])) and not any(map(exists, told["folders"]))

    await until(gone, "the end of the servers")
