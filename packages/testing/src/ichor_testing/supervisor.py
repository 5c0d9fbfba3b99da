"""The process that keeps a server: it outlives nobody and leaves nothing behind.

Started by `keeper.py` as a program of its own (standard library only, so that it is up in 30 ms), it leaves
the caller's session, starts the server's processes and then obeys one Unix socket, `control`:

    status   "running" or "ended <exit status>"
    kill     SIGKILL to the server and all that it started; its data stays
    start    the same processes again, on the same data
    stop     ends the server, removes what the plan says, and leaves

The end of the watched process (a test run, `ichor dev`), even by SIGKILL, is the same as `stop`.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

TICK = 0.5
KILL_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class Workload(Protocol):
    """What is kept: processes of this machine, or a container."""

    def start(self) -> None: ...
    def status(self) -> str: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...
    def tend(self) -> None: ...


@dataclass
class Processes:
    """The server's processes; the last one is the server itself, those before are its helpers."""

    commands: list[dict[str, Any]]
    log: Path
    stop_signal: int
    grace: float
    running: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def start(self) -> None:
        """Spawn all, in their order, in one process group."""
        if self.status() == "running":
            return
        self.kill()
        group = 0
        with self.log.open("ab") as log:
            for command in self.commands:
                self.running.append(_spawn(command, log.fileno(), group))
                group = self.running[0].pid

    def status(self) -> str:
        """Tell whether the server runs, or how it ended."""
        if not self.running:
            return "ended"
        ended = self.running[-1].poll()
        return "running" if ended is None else f"ended {ended}"

    def kill(self) -> None:
        """SIGKILL everything below this process and wait until it is gone.

        A zombie counts until it is taken leave of: its other threads may still live, with its ports and files.
        """
        deadline = time.monotonic() + KILL_SECONDS
        while (below := list(_descendants())) and time.monotonic() < deadline:
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.tend()
            time.sleep(0.01)
        self.tend()
        self.running.clear()

    def stop(self) -> None:
        """Ask the server to end, then kill what is left."""
        if self.running and self.running[-1].poll() is None:
            self.running[-1].send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.running[-1].wait(self.grace)
        self.kill()

    def tend(self) -> None:
        """Take leave of what ended, also of orphans, which fall to this process."""
        for process in self.running:
            process.poll()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _spawn(command: dict[str, Any], log: int, group: int) -> subprocess.Popen[bytes]:
    with _held(command["cwd"], command["hold"]) as held:
        return _started(command, log, group, held)


@contextlib.contextmanager
def _held(folder: str, descriptor: int | None) -> Generator[list[int]]:
    if descriptor is None:
        yield []
        return
    opened = os.open(folder, os.O_RDONLY)
    os.dup2(opened, descriptor)
    os.close(opened)
    try:
        yield [descriptor]
    finally:
        os.close(descriptor)


def _started(command: dict[str, Any], log: int, group: int, held: list[int]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command["argv"],
        env=command["env"],
        cwd=command["cwd"],
        user=command["uid"],
        group=command["gid"],
        extra_groups=None if command["uid"] is None else [],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=group,
        pass_fds=held,
        preexec_fn=_die_with_supervisor,
    )


def _die_with_supervisor() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _descendants() -> Iterator[int]:
    """Yield the processes below this one, also those that left its session."""
    children: dict[int, list[int]] = {}
    for pid, parent in _process_table():
        children.setdefault(parent, []).append(pid)
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        waiting += below
        yield from below


def _process_table() -> Iterator[tuple[int, int]]:
    if not Path("/proc/self/stat").exists():
        yield from _process_table_by_ps()
        return
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                _, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                yield int(entry.name), int(parent)


def _process_table_by_ps() -> Iterator[tuple[int, int]]:
    with subprocess.Popen(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, text=True) as ps:
        rows = [line.split() for line in ps.stdout or ()]
    for pid, parent in rows:
        if int(pid) != ps.pid:
            yield int(pid), int(parent)


class Watched:
    """A process whose end is ours; a pidfd where there is one (a killed process may stay a zombie), else its id."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.fd = self._open()

    def _open(self) -> int | None:
        try:
            return os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        except (AttributeError, OSError):  # not Linux
            return None

    def is_gone(self) -> bool:
        """Tell whether it has ended."""
        if self.fd is not None:
            return bool(select.select([self.fd], [], [], 0)[0])
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def serve(workload: Workload, control: socket.socket, watched: Watched, clean: Callable[[], None]) -> None:
    """Obey the control socket until told to stop or the watched process is gone."""
    waited_for = [control] if watched.fd is None else [control, watched.fd]
    while not watched.is_gone():
        ready = select.select(waited_for, [], [], TICK)[0]
        workload.tend()
        if control in ready and _answer(workload, control, clean):
            return
    workload.stop()
    clean()


def _answer(workload: Workload, control: socket.socket, clean: Callable[[], None]) -> bool:
    connection, _ = control.accept()
    with connection:
        connection.settimeout(5)
        with contextlib.suppress(OSError):
            command = connection.recv(64).decode().strip()
            answer = _obey(workload, command, clean)
            connection.sendall(answer.encode())
            return command == "stop"
    return False


def _obey(workload: Workload, command: str, clean: Callable[[], None]) -> str:
    try:
        match command:
            case "status":
                return workload.status()
            case "start":
                workload.start()
            case "kill":
                workload.kill()
            case "stop":
                workload.stop()
                clean()
            case _:
                return f"error: unknown command {command!r}"
    except Exception as error:
        return f"error: {error}"
    return "ok"


def run(plan: dict[str, Any], workload: Workload) -> None:
    """Leave the caller's session, start the workload and keep it; the caller's process returns when it was started."""
    readable, writable = os.pipe()
    if os.fork():
        os.close(writable)
        with os.fdopen(readable) as told:
            _leave(told.read())
    os.close(readable)
    os.setsid()
    if os.fork():
        os._exit(0)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _keep(plan, workload, writable)
    os._exit(0)


def _leave(error: str) -> None:
    sys.stderr.write(error)
    sys.stderr.flush()
    os._exit(1 if error else 0)


def _keep(plan: dict[str, Any], workload: Workload, caller: int) -> None:
    def clean() -> None:
        for path in plan["remove"]:
            _remove(path)

    watched = Watched(plan["watch"])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        try:
            control.bind(plan["control"])
            control.listen(16)
            _detach()
            workload.start()
        except Exception as error:
            os.write(caller, f"{type(error).__name__}: {error}".encode())
            workload.kill()
            clean()
            return
        os.close(caller)
        serve(workload, control, watched, clean)


def _remove(path: str) -> None:
    """Remove a folder; where the server's last words still reached it, once more."""
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.exists(path):
            return
        time.sleep(0.05)


def _detach() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)


def main() -> None:
    """Keep the processes of the plan that comes on standard input."""
    plan = json.load(sys.stdin)
    run(plan, Processes(plan["commands"], Path(plan["log"]), plan["stop_signal"], plan["grace"]))


if __name__ == "__main__":
    main()
