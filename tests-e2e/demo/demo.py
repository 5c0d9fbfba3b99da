"""`make demo`: plays the story, and leaves with the exit code that says how it went.

Exits 0 only if everything ended as `story.yaml` says. `--stay` leaves it all running until Ctrl-C.

Nothing is imported here that takes time, so that a key press during the start of Python is answered quietly, too.
"""

import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Play the story."""
    try:
        code = _played(stay="--stay" in sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    from ichor_cli.main import leave

    leave(code)


def _played(*, stay: bool) -> int:
    import asyncio

    from ichor_cli.failure import explain, trace
    from ichor_cli.library_logs import silence_libraries
    from play import play, say
    from story import read_story

    silence_libraries()
    try:
        return asyncio.run(play(read_story(), stay=stay))
    except Exception as error:
        failure = explain(error)
        say(trace(error) or f"demo: {failure.message}\n{failure.mend}")
        return failure.exit_code


if __name__ == "__main__":
    main()
