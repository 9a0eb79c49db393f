"""An LDAP server that says what a test wants it to say."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

from ldap_publish.directory import LdapServer
from ldap_publish.wire.ber import ENUMERATED, SEQUENCE, elements, header, integer, octets, tlv

BIND, SEARCH, ADD, MODIFY = 0x60, 0x63, 0x68, 0x66
BIND_DONE, SEARCH_DONE, ADD_DONE, MODIFY_DONE = 0x61, 0x65, 0x69, 0x67
_ANSWERS = {BIND: BIND_DONE, SEARCH: SEARCH_DONE, ADD: ADD_DONE, MODIFY: MODIFY_DONE}

Request = tuple[int, int]
"""The number and the tag of what was asked."""
Script = Callable[[Sequence[Request]], Sequence[bytes]]
"""Gets the requests that wait for an answer and gives the octets to send."""


def result(number: int, tag: int, code: int = 0, message: str = "") -> bytes:
    """A result; ``tag`` is that of the request or of the answer."""
    pieces = (integer(code, ENUMERATED), octets(b""), octets(message.encode()))
    return tlv(SEQUENCE, integer(number), tlv(_ANSWERS.get(tag, tag), *pieces))


def entry(number: int, dn: str, **attributes: bytes) -> bytes:
    listed = (
        tlv(SEQUENCE, octets(name.encode()), tlv(0x31, octets(value)))
        for name, value in attributes.items()
    )
    found = tlv(0x64, octets(dn.encode()), tlv(SEQUENCE, *listed))
    return tlv(SEQUENCE, integer(number), found)


def reference(number: int, url: str) -> bytes:
    return tlv(SEQUENCE, integer(number), tlv(0x73, octets(url.encode())))


class _Served(asyncio.Protocol):
    def __init__(self, script: Script, transports: set[asyncio.Transport]) -> None:
        self._script = script
        self._transports = transports
        self._held = b""
        self._waiting: list[Request] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transports.add(self._transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (found := header(self._held, 0)) is not None and found[1] <= len(self._held):
            (_, number), (tag, _), *_ = elements(self._held[found[0] : found[1]])
            self._held = self._held[found[1] :]
            request = int.from_bytes(number, "big"), tag
            if tag == BIND:
                self._transport.write(result(*request))
            else:
                self._waiting.append(request)
        if self._waiting and (answers := self._script(tuple(self._waiting))):
            self._waiting.clear()
            self._transport.write(b"".join(answers))


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[LdapServer]:
    """Binds succeed; all else is as the script says, asked whenever requests have come in."""
    transports: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Served(script, transports), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield LdapServer(
            url=f"ldap://127.0.0.1:{port}",
            bind_dn="cn=x",
            password="x",
            connect_seconds=60,
            receive_seconds=60,
        )
    finally:
        server.close()
        for each in transports:
            each.abort()
        await asyncio.sleep(0)
