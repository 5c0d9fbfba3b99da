"""The program: runs a command, and turns whatever it raises into an exit code and a sentence.

Nothing is imported here that takes time, so that a key press during the start of Python is answered quietly, too.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

INTERRUPTED = 130
PIPE_CLOSED = 141
UNWRITABLE = 3


def main() -> NoReturn:
    """Run the command of this process's arguments and end with its exit code."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; what it has to say went to stdout and stderr."""
    try:
        from ichor_cli.program import execute

        return execute(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return PIPE_CLOSED


def leave(code: int) -> NoReturn:
    """End the process, at once where threads of the Temporal SDK would outlive the interpreter and crash it."""
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
        _silence()
    except OSError as error:
        code = UNWRITABLE
        _silence()
        os.write(2, f"ichor: the output cannot be written: {error.strerror}.\n".encode())
    if "temporalio.worker" in sys.modules:
        os._exit(code)
    sys.exit(code)


def _silence() -> None:
    """Let the interpreter's own last flush go nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
