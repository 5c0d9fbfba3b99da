"""What can go wrong with the servers behind a test.

TestingError
├── ServerMissing      no address, no Docker engine, no program: the message says how to get one
├── ServerFailed       it was started and did not come up, with the end of its log
│   └── NobodyAnswers      the environment names its address, and nothing answers there
├── ServerNotOurs      it was found by its address, so this process may not kill or restart it
└── DeadlineExceeded   a condition did not come true in time
"""


class TestingError(Exception):
    """Anything this package raises on purpose; trying again does not help."""

    __test__ = False


class ServerMissing(TestingError):
    """No source for a server was found."""


class ServerFailed(TestingError):
    """A server was started and ended, or never became ready."""


class NobodyAnswers(ServerFailed):
    """An address in the environment leads to no server."""


class ServerNotOurs(TestingError):
    """A server that somebody else runs was asked to end or start again."""


class DeadlineExceeded(TestingError):
    """A condition that was polled did not come true in time."""
