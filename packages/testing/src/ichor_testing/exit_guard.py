"""A test run that used a Temporal worker must not turn red because the process crashed after the last test.

A thread of the SDK's Rust bridge outlives the interpreter now and then, and takes the process down with SIGSEGV (one
run in five, temporalio 1.35.0). Half a second before the interpreter goes is enough for it to end. Waiting, unlike
leaving by `os._exit`, changes nothing else: other exit handlers run and the exit status stays the test run's.
"""

import atexit
import sys
import time
from functools import cache

BRIDGE_SECONDS = 0.5


def guard_exit() -> None:
    """Let the process end half a second later where it could have used a worker."""
    if "temporalio.worker" in sys.modules:
        _register()


@cache
def _register() -> None:
    atexit.register(time.sleep, BRIDGE_SECONDS)
