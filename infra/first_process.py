"""Run a program's module as the first process of a container: `first_process.py MODULE ARGUMENT…`.

The kernel ignores a SIGTERM that a first process does not listen to, so one that came while the program still imports
would be lost. A service that has not begun has nothing to end; a command that is cut short says so.
"""

import os
import runpy
import signal
import sys

module = sys.argv.pop(1)


def end(number: int, _: object) -> None:
    """End at once."""
    os._exit(128 + number if module == "ichor_cli" else 0)


signal.signal(signal.SIGTERM, end)
runpy.run_module(module, run_name="__main__", alter_sys=True)
