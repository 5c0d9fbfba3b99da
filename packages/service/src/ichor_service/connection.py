"""A connection of the HTTP server, held to limits of time and number that uvicorn does not have by itself."""

import asyncio
from typing import ClassVar, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """Is closed where a head comes too slowly, or an answer is not taken; one too many closes that which waits longest.

    So strangers who only hold connections keep nobody out, least of all the health checks.
    """

    HEAD_SECONDS: ClassVar[int] = 10
    """How long the head of a request may take: from the beginning of the connection, or from the answer before."""
    ANSWER_SECONDS: ClassVar[float] = 60.0
    """How long a client may take over an answer, but for what the buffers of the connection hold."""
    MOST: ClassVar[int] = 500

    _cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request; where there are too many connections, make room."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        if len(self.connections) > self.MOST:
            surplus = _longest_waiting(cast("set[Connection]", self.connections))
            self.connections.discard(surplus)
            surplus.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Go on without more time: only a whole head ends the wait."""
        self.conn.receive_data(data)
        self.handle_events()

    def send_400_response(self, msg: str) -> None:
        """Say that it is no HTTP, in place of any other answer; where one was given, only close."""
        if self.conn.our_state is h11.SEND_RESPONSE:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, with an answer where a request had begun."""
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0] and not self.transport.is_closing():
            self._answer_too_late()
        super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        """Let the client take the answer, all of it for so long."""
        super().pause_writing()
        if self._cut is None:
            self._cut = self.loop.call_later(self.ANSWER_SECONDS, self.transport.abort)

    def on_response_complete(self) -> None:
        """Wait for the next request: the client took the answer (`in_pieces`)."""
        self._keep()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._keep()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def _answer_too_late(self) -> None:
        text = f"The head of the request was not there within {self.HEAD_SECONDS} seconds.\n".encode()
        headers = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(text)), "connection": "close"}
        response = h11.Response(status_code=408, headers=list(headers.items()), reason=b"Request Timeout")
        for event in (response, h11.Data(data=text), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")

    def _keep(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None


def _longest_waiting(connections: set[Connection]) -> Connection:
    timers = ((timer.when(), id(other), other) for other in connections if (timer := other.timeout_keep_alive_task))
    return min(timers)[-1]
