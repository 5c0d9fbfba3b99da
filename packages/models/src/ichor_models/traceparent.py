"""The trace that what is done at the moment belongs to, as W3C writes it: https://www.w3.org/TR/trace-context/.

Who traces sets it; who sends something on reads it, and has to know nothing of tracing.
"""

import re
from contextvars import ContextVar
from hashlib import sha256
from typing import NamedTuple, Self

TRACEPARENT = "traceparent"
"""The name of the header, wherever there are headers."""
_FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Traceparent(NamedTuple):
    """A trace (32 hexadecimal digits), a span in it (16) and flags (2), of which the last bit says: it is recorded."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @classmethod
    def read(cls, text: object) -> Self | None:
        """Read what somebody sent; None where it is no traceparent."""
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        return cls(*found.groups()) if found else None

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def is_new(self) -> bool:
        """Say whether nobody traced before: then its span is none, but has the last digits of the trace."""
        return self.span_id == self.trace_id[16:]

    def at(self, *names: str) -> Self:
        """Return the same trace at the span of a run, or of an action of it, which is the same wherever it is asked."""
        return self._replace(span_id=sha256("\n".join(names).encode()).hexdigest()[:16])


CURRENT_TRACE: ContextVar[Traceparent | None] = ContextVar("ichor_trace", default=None)
"""None where nobody traces."""
