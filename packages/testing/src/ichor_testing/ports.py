"""Loopback ports for servers that cannot pick one themselves.

A port that was free a moment ago may be taken before the server binds it, most often by an outgoing
connection or by somebody else's port 0: both draw from the ephemeral range, so these stay below it. Nor
is one given twice soon, by this process or by another worker of the same test session.
"""

import os
import random
import socket
from collections import deque
from pathlib import Path

from ichor_testing.errors import ServerFailed

LOOPBACK = "127.0.0.1"
_LOWEST = 10_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_EPHEMERAL = 32_768
_TRIES = 200
_given: deque[int] = deque(maxlen=500)


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on and no outgoing connection will take."""
    ports = _own_share(range(_LOWEST, max(_ephemeral_start(), _LOWEST + 1_000)))
    for _ in range(_TRIES):
        port = random.choice(ports)
        if port not in _given and is_free(port):
            _given.append(port)
            return port
    raise OSError(f"no free port in {ports} in {_TRIES} tries")


def free_ports(count: int) -> list[int]:
    """Return `count` different free ports."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return sorted(ports)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def require_free(*ports: int) -> None:
    """Raise ServerFailed where something listens on one of the ports: a client would take it for the new server."""
    for port in ports:
        if not is_free(port):
            raise ServerFailed(f"port {port} is taken by another program")


def _own_share(ports: range) -> range:
    """Return those that the other workers of a session of pytest-xdist do not take: each has every n-th."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    return ports[int(own) % workers :: workers] if own.isdecimal() else ports


def _ephemeral_start() -> int:
    try:
        return int(_EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _USUAL_EPHEMERAL
