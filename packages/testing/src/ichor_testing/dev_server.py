"""The program `temporal`: found, downloaded by the SDK, or built with Go from its module."""

import asyncio
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from ichor_testing.program import find_program

MODULE = "github.com/temporalio/cli/cmd/temporal@v1.5.1"
_GO_FOLDERS = (Path("/usr/local/go/bin"), Path("/usr/lib/go/bin"))
_DOWNLOAD_SECONDS = 60.0
_BUILD_SECONDS = 1_200.0

type Say = Callable[[str], None]


def cache_folder() -> Path:
    """Return where this package keeps what it fetched for this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ichor"


def find_dev_server() -> Path | None:
    """Return the program where it is here already: on the PATH, or in the cache."""
    return find_program("temporal") or _cached()


def silent(_: str) -> None:
    """Say nothing."""


async def obtain_dev_server(say: Say = silent) -> Path | None:
    """Return the program, fetched into the cache where need be; None where it cannot be had."""
    return find_dev_server() or await asyncio.to_thread(_fetch, say)


def _cached() -> Path | None:
    program = cache_folder() / "temporal"
    return program if os.access(program, os.X_OK) else None


def _fetch(say: Say) -> Path | None:
    with _one_at_a_time():
        return _cached() or _download(say) or _build(say)


@contextmanager
def _one_at_a_time() -> Generator[None]:
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "temporal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(say: Say) -> Path | None:
    say("Temporal: downloading the dev server")
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        try:
            asyncio.run(asyncio.wait_for(_download_into(folder), _DOWNLOAD_SECONDS))
        except (RuntimeError, TimeoutError) as error:
            say(f"Temporal: cannot be downloaded ({str(error).splitlines()[0] if str(error) else 'timed out'})")
            return None
        found = [file for file in Path(folder).iterdir() if os.access(file, os.X_OK)]
        return _install(found[0]) if found else None


async def _download_into(folder: str) -> None:
    from temporalio.testing import WorkflowEnvironment

    partly_typed = cast(Any, WorkflowEnvironment)
    environment = await partly_typed.start_local(download_dest_dir=folder)
    await environment.shutdown()


def _build(say: Say) -> Path | None:
    go = find_program("go", _GO_FOLDERS)
    if go is None:
        return None
    say("Temporal: building the dev server with Go; the first time takes some minutes")
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        for step in _build_steps(str(go)):
            if not _run(step, folder, say):
                return None
        return _install(Path(folder) / "temporal")


def _build_steps(go: str) -> list[list[str]]:
    package = MODULE.partition("@")[0]
    return [
        [go, "mod", "init", "ichor.invalid/dev-server"],
        [go, "get", "-tool", MODULE],
        [go, "build", "-ldflags", "-s -w", "-o", "temporal", package],
    ]


def _run(step: list[str], folder: str, say: Say) -> bool:
    try:
        done = subprocess.run(
            step,
            cwd=folder,
            env={**os.environ, "CGO_ENABLED": "0"},  # as it is released: it runs in any image
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        say(f"Temporal: `{' '.join(step)}` took too long")
        return False
    if done.returncode != 0:
        say(f"Temporal: `{' '.join(step)}` failed:\n{done.stderr[-2_000:]}")
    return done.returncode == 0


def _install(program: Path) -> Path:
    """Move the program into its place in the cache at one stroke, since others may look for it there."""
    place = cache_folder() / "temporal"
    shutil.move(program, place.with_suffix(".new"))
    place.with_suffix(".new").replace(place)
    return place
