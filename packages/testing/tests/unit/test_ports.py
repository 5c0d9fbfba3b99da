import socket

from ichor_testing.ports import LOOPBACK, free_port, free_ports, is_free


def test_free_port_can_be_bound() -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, free_port()))


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20


def test_free_port_is_below_the_ephemeral_range() -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        assert free_port() < 32_768


def test_port_of_a_listener_is_not_free() -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        assert not is_free(server.getsockname()[1])
