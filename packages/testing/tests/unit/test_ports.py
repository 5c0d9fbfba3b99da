import socket

import pytest
from ichor_testing.ports import LOOPBACK, free_port, free_ports, is_free


def test_free_port_can_be_bound() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, free_port()))


def test_free_ports_differ() -> None:
    assert len({port for _ in range(20) for port in free_ports(20)}) == 400


def test_workers_of_a_session_have_different_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "3")
    rests: set[int] = set()
    for worker in ("gw0", "gw1", "gw2"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        (rest,) = {port % 3 for port in free_ports(20)}
        rests.add(rest)
    assert len(rests) == 3


def test_free_port_is_below_the_ephemeral_range() -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        assert free_port() < 32_768


def test_port_of_a_listener_is_not_free() -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        assert not is_free(server.getsockname()[1])
