"""For whom a proxy passes a connection on: the line it sends first, before TLS begins.

HAProxy's PROXY protocol, version 1 (its document proxy-protocol.txt, 2.1), which nginx's `stream`
and HAProxy send.
"""

import asyncio
import re
import socket
from ipaddress import ip_address
from typing import Final

from pki.domain.errors import Malformed

LONGEST: Final = 107
"""Octets of the longest line, its end included."""

_END: Final = b"\r\n"
_UNKNOWN: Final = b"PROXY UNKNOWN"
_LINE: Final = re.compile(
    r"PROXY TCP([46]) ([\dA-Fa-f.:]+) ([\dA-Fa-f.:]+) (\d{1,5}) (\d{1,5})", re.ASCII
)
_TLS: Final = b"\x16"
"""How TLS begins: the type of a record that shakes hands (RFC 8446 5.1)."""

_PORTS: Final = 65_535


async def introduced(accepted: socket.socket) -> str | None:
    """The address that the other end speaks for; None: it says that it speaks for itself.

    Not one octet more than the line is read.

    Raises:
        Malformed: it said something else, or left.
        OSError: the connection is broken.
    """
    loop, line = asyncio.get_running_loop(), b""
    while not line.endswith(_END):
        octet = await loop.sock_recv(accepted, 1)
        if octet == _TLS and not line:
            raise _uninvited()
        if not octet or len(line) == LONGEST:
            raise _malformed()
        line += octet
    return read_line(line.removesuffix(_END))


def read_line(line: bytes) -> str | None:
    """As `introduced`, of a line without its end.

    Raises:
        Malformed: it is none.
    """
    if line == _UNKNOWN or line.startswith(_UNKNOWN + b" "):
        return None
    found = _LINE.fullmatch(line.decode("latin-1"))
    if found is None or max(int(found[4]), int(found[5])) > _PORTS:
        raise _malformed()
    try:
        source, target = ip_address(found[2]), ip_address(found[3])
    except ValueError:
        raise _malformed() from None
    if {str(source.version), str(target.version)} != {found[1]}:
        raise _malformed()
    return str(source)


def _malformed() -> Malformed:
    return Malformed(
        message="a connection begins with no line of the PROXY protocol, version 1",
        what="PROXY line",
        next_step="have the proxy send it, or take it out of api.proxies",
    )


def _uninvited() -> Malformed:
    return Malformed(
        message="TLS began at once: a client on an address of api.proxies came past the proxy, "
        "or the proxy sends no line",
        what="PROXY line",
        next_step="let that client go through the proxy; or take its address out of api.proxies; "
        "or have the proxy send the line",
    )
