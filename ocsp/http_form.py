"""OCSP answers as HTTP answers, and GET paths as requests (RFC 6960 A.1, RFC 9919 5 and 6)."""

import base64
import binascii
import hashlib
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote_to_bytes

from ocsp.answer import Composed
from pki.der.ocsp import OcspError, encode_error
from pki.ports import OK, HttpAnswer

REMEMBERED: Final = 4096
REQUEST_TYPE: Final = b"application/ocsp-request"
RESPONSE_TYPE: Final = "application/ocsp-response"


class ChangedSeconds:
    """Seconds in which a status changed: two answers may have one of them as Last-Modified.

    Remembers the last `REMEMBERED` of them, which is longer than any answer is kept.
    """

    def __init__(self) -> None:
        self._dates: dict[str, None] = {}

    def add(self, moment: datetime) -> None:
        """Something changed at this moment."""
        self._dates[format_datetime(moment, usegmt=True)] = None
        if len(self._dates) > REMEMBERED:
            del self._dates[next(iter(self._dates))]

    def __contains__(self, date: str | None) -> bool:
        """Whether this HTTP date is one of those seconds."""
        return date in self._dates


def good_answer(der: bytes, composed: Composed, max_age: int) -> HttpAnswer:
    """A signed response with what caches need to know; no-store for what may not be kept."""
    if not composed.lasting:
        return unkept_answer(der)
    return HttpAnswer(
        status=OK,
        headers=(
            ("Content-Type", RESPONSE_TYPE),
            ("Content-Length", str(len(der))),
            ("Last-Modified", format_datetime(composed.this_update, usegmt=True)),
            ("Expires", format_datetime(composed.next_update, usegmt=True)),
            ("ETag", f'"{hashlib.sha256(der).hexdigest()}"'),
            ("Cache-Control", f"max-age={max_age}, public, no-transform, must-revalidate"),
        ),
        body=der,
    )


def error_answer(error: OcspError) -> HttpAnswer:
    """The protocol's own negative answer; HTTP itself went well (RFC 6960 A.1)."""
    return unkept_answer(encode_error(error))


def unkept_answer(der: bytes) -> HttpAnswer:
    """A response that nobody may keep."""
    return HttpAnswer(
        status=OK,
        headers=(
            ("Content-Type", RESPONSE_TYPE),
            ("Content-Length", str(len(der))),
            ("Cache-Control", "no-store"),
        ),
        body=der,
    )


def unready(ready: bytes) -> HttpAnswer:
    """A kept answer, taken apart again."""
    head, _, body = ready.partition(b"\r\n\r\n")
    pairs = (line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
    return HttpAnswer(status=OK, headers=tuple((name, value) for name, value in pairs), body=body)


def decode_path(encoded: bytes) -> bytes | None:
    """The request in a GET path, or None when it is not base64.

    Clients send it raw, percent-encoded, or encoded twice; a ``/`` too many comes from a base URL
    that ends with one, and can be cut off since no request's base64 begins so.
    """
    once = unquote_to_bytes(encoded)
    plain = (unquote_to_bytes(once) if b"%" in once else once).lstrip(b"/")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
