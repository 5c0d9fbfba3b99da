"""A killed server is gone when the kill returns: the same port and data are free for its successor."""

import asyncio
import sys

import pytest
from ichor_testing import free_port, until
from ichor_testing.keeper import Command, Watch, keep, private_folder
from ichor_testing.ports import is_free

# A server whose first thread has ended shows as a zombie while the others live and hold its port. So does each one
# that is being killed while a thread of it still writes to the disk. 60 and 93 are the numbers of SYS_exit.
HEADLESS = """
import ctypes, platform, socket, sys, threading, time

def serve():
    while open("/proc/self/stat").read().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
        time.sleep(600)

threading.Thread(target=serve).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == "x86_64" else 93, 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a Linux system call")
async def test_a_zombie_with_living_threads_is_not_gone_yet() -> None:
    folder, port = private_folder(), free_port()
    keeper = await keep(folder, [Command([sys.executable, "-c", HEADLESS, str(port)], {}, folder)], Watch())
    try:

        async def listens() -> bool:
            return not is_free(port)

        await until(listens, "the server's port")
        await keeper.tell("kill")
        assert is_free(port)
    finally:
        await asyncio.to_thread(keeper.stop)
