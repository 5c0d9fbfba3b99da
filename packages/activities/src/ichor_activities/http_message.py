"""What goes to a web server and what comes back."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

MOST_BYTES = 10 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; `timeout` in seconds bounds it with all its redirects."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    timeout: float = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `text` is cut at 10 KiB."""

    status: int
    text: str
    content_type: str
    location: str | None


async def read_answer(response: httpx.Response) -> Answer:
    """Return what a server answers, reading no more of its body than is kept."""
    body = bytearray()
    async for chunk in response.aiter_bytes(MOST_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            break
    location = response.headers.get("location") if response.status_code in _REDIRECTS else None
    text = _text(bytes(body), response.charset_encoding)
    return Answer(response.status_code, text, response.headers.get("content-type", ""), location)


def _text(body: bytes, charset: str | None) -> str:
    """Decode what was kept, without a character that the cut went through."""
    whole = len(body) <= MOST_BYTES
    try:
        bytes(4).decode(charset or "utf-8")  # refuses codecs that make no text
        return codecs.getincrementaldecoder(charset or "utf-8")("replace").decode(body[:MOST_BYTES], final=whole)
    except (LookupError, ValueError):
        return codecs.getincrementaldecoder("utf-8")("replace").decode(body[:MOST_BYTES], final=whole)
