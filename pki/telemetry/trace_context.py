"""Which trace a request belongs to (W3C Trace Context, https://www.w3.org/TR/trace-context/).

Ids of our own follow from the request's id, which is random: whoever makes a span of a request
knows its parent without anything being handed along.
"""

import hashlib
import re
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Final, Self

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NOTHING: Final = "0"
_LENGTH: Final = 55
_LONGEST: Final = 512
_CURRENT: Final[ContextVar["Trace | None"]] = ContextVar("trace", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A request's place in a trace: lower-case hexadecimal, 32 and 16 digits.

    ``parent_id`` is whoever asked, if he said so.
    """

    trace_id: str
    span_id: str
    parent_id: str | None = None

    @classmethod
    def of(cls, request_id: str, traceparent: str | None = None) -> Self:
        """The caller's trace, where he names one that can be read; else one of its own."""
        digest = hashlib.sha256(request_id.encode()).hexdigest()
        parent = None if traceparent is None else read_traceparent(traceparent)
        if parent is None:
            return cls(trace_id=digest[:32], span_id=digest[32:48])
        trace_id, parent_id = parent
        return cls(trace_id=trace_id, span_id=digest[32:48], parent_id=parent_id)

    @property
    def traceparent(self) -> str:
        """The header that tells whoever is asked on behalf of this request."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def read_traceparent(text: str) -> tuple[str, str] | None:
    """Trace id and parent id; None of what no version of the standard allows (3.2)."""
    found = _TRACEPARENT.match(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    version, trace_id, parent_id, _ = found.groups()
    rest = text[_LENGTH:]
    wrong_end = bool(rest) and (version == "00" or not rest.startswith("-"))
    if version == "ff" or wrong_end or not (trace_id.strip(_NOTHING) and parent_id.strip(_NOTHING)):
        return None
    return trace_id, parent_id


def current_trace() -> Trace | None:
    """That of the request being served, if any."""
    return _CURRENT.get()


def bind_trace(trace: Trace) -> Token[Trace | None]:
    """Make it the current one, until `unbind_trace`."""
    return _CURRENT.set(trace)


def unbind_trace(token: Token[Trace | None]) -> None:
    """Back to the one before."""
    _CURRENT.reset(token)
