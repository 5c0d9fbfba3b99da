"""Bodies of answers in pieces, so that the server's flow control holds who answers until the client takes them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PIECE_BYTES = 65_536


def in_pieces(app: ASGIApp) -> ASGIApp:
    """Return an application whose answers end when the client took them, but for what the connection's buffers hold.

    The end is a message of its own: the server waits for the client before each message, not behind it.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_pieces(message: Message) -> None:
            body = message.get("body", b"")
            for begin in range(0, len(body), _PIECE_BYTES):
                piece = body[begin : begin + _PIECE_BYTES]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({**message, "body": b""} if body else message)

        await app(scope, receive, send_pieces)

    return answer
