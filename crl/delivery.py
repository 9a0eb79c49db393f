"""How an answer is sent: compressed where that is asked for, in part where a part is (RFC 9110)."""

import gzip
import re
from http import HTTPStatus
from typing import Final

from pki.ports import OK, HttpAnswer, HttpRequest

LEVEL: Final = 6
_GZIP: Final = frozenset({b"gzip", b"x-gzip"})
_RANGE: Final = re.compile(rb"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")


def wants_gzip(accept_encoding: bytes | None) -> bool:
    """Whether gzip is named and not refused (RFC 9110 12.5.3); ``*`` alone asks for nothing."""
    for part in (accept_encoding or b"").lower().split(b","):
        coding, _, parameters = part.partition(b";")
        if coding.strip() in _GZIP:
            return not re.fullmatch(rb"\s*q=0(\.0{0,3})?\s*", parameters)
    return False


def packed(octets: bytes) -> bytes:
    """Compressed with gzip; the same octets each time, so that a tag may name them."""
    return gzip.compress(octets, LEVEL, mtime=0)


def delivered(answer: HttpAnswer, request: HttpRequest, *, dated: bool) -> HttpAnswer:
    """What this request gets of ``answer``: nothing new (304), a part (206), or all of it.

    ``dated``: no other answer at this address has its Last-Modified, so a date may name it.

    Several ranges in one request, and units that are not octets, are passed over, as RFC 9110 14.2
    allows; preconditions go first (13.2.2).
    """
    headers = request.headers
    since = headers.get(b"if-modified-since") if dated else None
    known = answer.unless_known(headers.get(b"if-none-match"), since)
    asked = _RANGE.fullmatch(headers.get(b"range", b""))
    if known.status != OK or request.method != "GET" or asked is None:
        return known
    if_range = headers.get(b"if-range")
    if if_range is not None and if_range.decode("latin-1") != answer.header("etag"):
        return answer
    return _part(answer, asked)


def _part(answer: HttpAnswer, asked: re.Match[bytes]) -> HttpAnswer:
    size = len(answer.body)
    first, last, suffix = (None if text is None else int(text) for text in asked.groups())
    if first is None:
        first, last = max(size - (suffix or 0), 0), None
    if last is not None and last < first:
        return answer
    if first >= size:
        nothing = (("Content-Range", f"bytes */{size}"), ("Content-Length", "0"))
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return HttpAnswer(status=status.value, headers=nothing, body=b"")
    stop = size if last is None else min(last + 1, size)
    headers = (
        *(pair for pair in answer.headers if pair[0].lower() != "content-length"),
        ("Content-Length", str(stop - first)),
        ("Content-Range", f"bytes {first}-{stop - 1}/{size}"),
    )
    return HttpAnswer(
        status=HTTPStatus.PARTIAL_CONTENT.value, headers=headers, body=answer.body[first:stop]
    )
