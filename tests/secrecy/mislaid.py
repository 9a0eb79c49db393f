"""Requests that carry a secret where none belongs: whoever gets one must not repeat it."""

import hashlib
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress

SECONDS = 120.0
_LETTERS = str.maketrans("0123456789abcdef", "ABCDEFGHIJKLMNOP")
_HERE = b"@" * 27
"""Stands for a secret of as many octets."""


def mislaid(place: str) -> bytes:
    """The secret of one place: found again, it says where it was sent. Letters, as methods are."""
    digest = hashlib.sha256(place.encode()).hexdigest()[:20]
    return b"MISLAID" + digest.translate(_LETTERS).encode()


def _request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    length = b"Content-Length: %d" % len(body)
    head = (line + b" HTTP/1.1", b"Host: localhost", b"Connection: close", length, *headers)
    return b"\r\n".join((*head, b"", body))


def _json(body: bytes, *headers: bytes, path: bytes = b"/v1/sessions") -> bytes:
    return _request(b"POST " + path, b"Content-Type: application/json", *headers, body=body)


_QUESTION = b"Content-Type: application/ocsp-request"
_ANYWHERE: dict[str, bytes] = {
    "path": _request(b"GET /" + _HERE),
    "query": _request(b"GET /ocsp?pin=" + _HERE),
    "header": _request(b"GET /", b"X-Pin: " + _HERE),
    "cookie": _request(b"GET /", b"Cookie: pin=" + _HERE),
    "referrer": _request(b"GET /", b"Referer: https://x/?pin=" + _HERE),
    "agent": _request(b"GET /", b"User-Agent: " + _HERE),
    "method": _request(_HERE + b" /"),
    "line that is no header": _request(b"GET /", _HERE),
    "header with a control": _request(b"GET /", b"X-Pin: " + _HERE + b"\0"),
    "no HTTP": _HERE + b"\r\n\r\n",
    "length of a chunk": _request(b"POST /", b"Transfer-Encoding: chunked", body=_HERE + b"\r\n"),
    "body": _request(b"POST /ocsp", _QUESTION, body=_HERE),
    "long header": _request(b"GET /", b"X-Pin: " + _HERE * 2000),
}
"""What can be sent to any HTTP server."""

_TO_STATUS: dict[str, bytes] = {
    "a question": _request(b"GET /ocsp/" + _HERE),
    "a list": _request(b"GET /crl/" + _HERE + b".crl"),
    "too large a body": _request(b"POST /ocsp?" + _HERE, _QUESTION, body=_HERE * 1000),
}
_TO_API: dict[str, bytes] = {
    "card": _request(b"GET /v1/cards/" + _HERE),
    "log-in": _request(b"GET /v1/logins/" + _HERE),
    "calendar": _request(b"GET /v1/calendar/" + _HERE),
    "number": _request(b"GET /v1/notices?limit=" + _HERE),
    "basic": _request(b"GET /v1/cards", b"Authorization: Basic " + _HERE),
    "bearer": _json(b"{}", b"Authorization: Bearer " + _HERE, path=b"/v1/cards"),
    "key": _json(b"{}", b"Idempotency-Key: " + _HERE, path=b"/v1/cards"),
    "trace": _json(b"{}", b"traceparent: 00-" + _HERE),
    "version": _json(b"{}", b'If-Match: "' + _HERE + b'"'),
    "type": _request(b"POST /v1/sessions", b"Content-Type: " + _HERE),
    "broken JSON": _json(b'{"pin": "' + _HERE),
    "not UTF-8": _json(b'{"pin": "\xff' + _HERE + b'"}'),
    "a list of JSON": _json(b'["' + _HERE + b'"]'),
    "a name nobody knows": _json(b'{"' + _HERE + b'": 1}'),
    "a name twice": _json(b'{"' + _HERE + b'": 1, "' + _HERE + b'": 2}'),
    "a value of another form": _json(b'{"challenge_id": "' + _HERE + b'"}'),
    "a birth date": _json(b'{"birth_date": "' + _HERE + b'"}', path=b"/v1/cards"),
    "an invitation": _json(b'{"code": "' + _HERE + b'"}', path=b"/v1/mobiel/redeem"),
}


def of_status(where: str) -> Mapping[str, bytes]:
    """To a status node, straight or through a proxy; each one connection's octets."""
    return _named(where, _ANYWHERE | _TO_STATUS)


def of_api() -> Mapping[str, bytes]:
    """To the API: also in bodies that are not what they should be."""
    return _named("API", _ANYWHERE | _TO_API)


def of_health() -> Mapping[str, bytes]:
    """To the listener of metrics and health."""
    return _named("health", _ANYWHERE)


def _named(where: str, requests: Mapping[str, bytes]) -> Mapping[str, bytes]:
    named = {f"{where}, {place}": octets for place, octets in requests.items()}
    return {name: octets.replace(_HERE, mislaid(name)) for name, octets in named.items()}


def answered(port: int, octets: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """All that comes back, until the connection is closed."""
    with closing(socket.create_connection(("127.0.0.1", port), SECONDS)) as plain:
        spoken = plain if tls is None else tls.wrap_socket(plain, server_hostname="localhost")
        came = b""
        # It may be closed while we still send.
        with closing(spoken), suppress(ConnectionError, ssl.SSLError):
            spoken.sendall(octets)
            while piece := spoken.recv(65_536):
                came += piece
        return came
