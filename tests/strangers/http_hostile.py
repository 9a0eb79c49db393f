"""What nobody should send to an HTTP server, by name; each is one connection's octets."""

from typing import Final

HOST: Final = b"Host: x\r\n"
TYPE: Final = b"Content-Type: application/ocsp-request\r\n"
GET: Final = b"GET /ocsp/MEUw HTTP/1.1\r\n" + HOST + b"\r\n"
POST: Final = b"POST /ocsp HTTP/1.1\r\n" + HOST + TYPE


def get(target: bytes, *, version: bytes = b"HTTP/1.1", more: bytes = b"") -> bytes:
    return b"GET " + target + b" " + version + b"\r\n" + HOST + more + b"\r\n"


def post(more: bytes, body: bytes = b"") -> bytes:
    return POST + more + b"\r\n" + body


def chunked(body: bytes, coding: bytes = b"chunked") -> bytes:
    return post(b"Transfer-Encoding: " + coding + b"\r\n", body)


SMUGGLED: Final = b"GET /ocsp/smuggled HTTP/1.1\r\n" + HOST + b"\r\n"

REQUESTS: Final[dict[str, bytes]] = {
    "one octet": b"G",
    "zeroes": bytes(64),
    "line ends alone": b"\r\n" * 2000,
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "SSH": b"SSH-2.0-OpenSSH_9.9\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /ocsp/x\r\n\r\n",
    "HTTP/1.2": get(b"/ocsp/x", version=b"HTTP/1.2"),
    "HTTP/11": get(b"/ocsp/x", version=b"HTTP/11"),
    "http in small letters": get(b"/ocsp/x", version=b"http/1.1"),
    "a method in small letters": b"get /ocsp/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method nobody knows": b"BLOCK /ocsp/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of 10 KB": b"G" * 10_000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n",
    "TRACE": b"TRACE /ocsp HTTP/1.1\r\n" + HOST + b"Cookie: secret\r\n\r\n",
    "CONNECT": b"CONNECT x:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "no target": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target with a space": get(b"/ocsp/a b"),
    "a target with a zero": get(b"/ocsp/\x00"),
    "a target with a line end": get(b"/ocsp/\r\nX: y"),
    "a target beyond ASCII": get(b"/ocsp/\xc3\xa9\xff"),
    "a target that climbs": get(b"/ocsp/../../../etc/passwd"),
    "a whole address": get(b"http://elsewhere/ocsp/MEUw"),
    "an address without a path": get(b"http://elsewhere"),
    "a target of 20 KB": get(b"/ocsp/" + b"x" * 20_000),
    "no host": b"GET /ocsp/x HTTP/1.1\r\n\r\n",
    "two hosts": get(b"/ocsp/x", more=b"Host: y\r\n"),
    "a header of 20 KB": get(b"/ocsp/x", more=b"X: " + b"y" * 20_000 + b"\r\n"),
    "a thousand headers": get(b"/ocsp/x", more=b"X: y\r\n" * 1000),
    "a header without a name": get(b"/ocsp/x", more=b": y\r\n"),
    "a header without a colon": get(b"/ocsp/x", more=b"nothing\r\n"),
    "a space before the colon": post(b"Content-Length : 5\r\n", b"\x30\x03xyz"),
    "a header that goes on": get(b"/ocsp/x", more=b"X: a\r\n b\r\n"),
    "a header with a zero": get(b"/ocsp/x", more=b"X: \x00\r\n"),
    "a header with a lone line end": get(b"/ocsp/x", more=b"X: a\rY: b\r\n"),
    "line feeds only": b"GET /ocsp/x HTTP/1.1\nHost: x\n\n",
    "a length with a sign": post(b"Content-Length: +5\r\n", b"\x30\x03xyz"),
    "a negative length": post(b"Content-Length: -5\r\n", b"\x30\x03xyz"),
    "a length in hexadecimal": post(b"Content-Length: 0x5\r\n", b"\x30\x03xyz"),
    "a length that is no number": post(b"Content-Length: many\r\n", b"\x30\x03xyz"),
    "an empty length": post(b"Content-Length:\r\n", b"\x30\x03xyz"),
    "a length of 40 digits": post(b"Content-Length: " + b"9" * 40 + b"\r\n"),
    "a length in two numbers": post(b"Content-Length: 5, 5\r\n", b"\x30\x03xyz"),
    "two lengths alike": post(b"Content-Length: 5\r\n" * 2, b"\x30\x03xyz"),
    "two lengths unlike": post(b"Content-Length: 5\r\nContent-Length: 9\r\n", b"\x30\x03xyz"),
    "a length too small": post(b"Content-Length: 0\r\n", SMUGGLED),
    "a length and chunks": chunked(b"0\r\n\r\n" + SMUGGLED).replace(
        HOST, HOST + b"Content-Length: 5\r\n"
    ),
    "chunks in disguise": chunked(b"0\r\n\r\n" + SMUGGLED, b"xchunked"),
    "chunks before identity": chunked(b"0\r\n\r\n" + SMUGGLED, b"chunked, identity"),
    "chunks twice": chunked(b"0\r\n\r\n" + SMUGGLED, b"chunked, chunked"),
    "chunks after gzip": chunked(b"0\r\n\r\n", b"gzip, chunked"),
    "chunks behind a tab": chunked(b"0\r\n\r\n" + SMUGGLED, b"\x0bchunked"),
    "a chunk that is no number": chunked(b"zz\r\n"),
    "a chunk of 2^64": chunked(b"10000000000000000\r\n"),
    "a negative chunk": chunked(b"-1\r\n"),
    "a chunk longer than it says": chunked(b"1\r\nabc\r\n0\r\n\r\n"),
    "a chunk with a name of 20 KB": chunked(b"1;" + b"x" * 20_000 + b"\r\na\r\n0\r\n\r\n"),
    "ten thousand chunks": chunked(b"1\r\na\r\n" * 10_000 + b"0\r\n\r\n"),
    "twenty thousand chunks": chunked(b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n"),
    "chunks in HTTP/1.0": chunked(b"0\r\n\r\n" + SMUGGLED).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "two codings": post(
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "two codings, the other first": post(
        b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "a coding on the next line": chunked(b"0\r\n\r\n" + SMUGGLED, b"\r\n chunked"),
    "a coding that goes on": chunked(b"0\r\n\r\n" + SMUGGLED, b"chunked\r\n , x"),
    "a coding in quotes": chunked(b"0\r\n\r\n" + SMUGGLED, b'"chunked"'),
    "a coding behind a line feed": post(
        b"X: y\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "a coding with a space before the colon": post(
        b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "a length behind a line feed": post(b"X: y\nContent-Length: 5\r\n", b"\x30\x03xyz" + SMUGGLED),
    "a length on the next line": post(b"Content-Length:\r\n 5\r\n", b"\x30\x03xyz" + SMUGGLED),
    "a length of the connection": post(
        b"Connection: Content-Length\r\nContent-Length: %d\r\n" % len(SMUGGLED), SMUGGLED
    ),
    "a coding of the connection": post(
        b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Length: %d\r\n" % len(SMUGGLED),
        SMUGGLED,
    ),
    "a host of the connection": get(b"/ocsp/x", more=b"Connection: Host\r\n"),
    "a whole address and another host": get(b"http://elsewhere:99/ocsp/x"),
    "an address of another scheme": get(b"file:///etc/passwd"),
    "an expectation and more": post(
        b"Expect: y 100-continue\r\nContent-Length: %d\r\n" % len(SMUGGLED), SMUGGLED
    ),
    "a chunk's name that ends in a line feed": chunked(b"2;\nxx\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk's size that ends in a line feed": chunked(b"1\nx\r\n0\n\n" + SMUGGLED),
    "a chunk's size that ends in a return": chunked(b"1\rx\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk's end of other octets": chunked(b"1\r\nxXX0\r\n\r\n" + SMUGGLED),
    "a chunk's size after a space": chunked(b" 1\r\nx\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk in hexadecimal's own form": chunked(b"0x1\r\nx\r\n0\r\n\r\n" + SMUGGLED),
    "a trailer of 20 KB": chunked(b"0\r\nX: " + b"y" * 20_000 + b"\r\n\r\n"),
    "a trailer that is a length": chunked(b"0\r\nContent-Length: 5\r\n\r\n" + SMUGGLED),
    "a body of 20 KB": post(b"Content-Length: 20000\r\n", b"x" * 20_000),
    "a body that never comes": post(b"Content-Length: 9\r\n", b"half"),
    "a body with GET": get(b"/ocsp/x", more=b"Content-Length: 5\r\n") + b"\x30\x03xyz",
    "a body in gzip": post(b"Content-Encoding: gzip\r\nContent-Length: 2\r\n", b"\x1f\x8b"),
    "no type": b"POST /ocsp HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
    "two types": post(TYPE + b"Content-Length: 0\r\n"),
    "another expectation": post(b"Expect: 200-ok\r\nContent-Length: 0\r\n"),
    "an upgrade": get(b"/ocsp/x", more=b"Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    "an upgrade with chunks": chunked(b"0\r\n\r\n").replace(
        HOST, HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    ),
    "a wish to close and to stay": get(b"/ocsp/x", more=b"Connection: close, keep-alive\r\n"),
    "a hundred at once, then nonsense": GET * 100 + b"\x00\x01\x02",
    "a request behind a last one": get(b"/ocsp/x", more=b"Connection: close\r\n") + SMUGGLED,
}
