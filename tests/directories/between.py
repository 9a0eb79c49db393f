"""What stands between the publisher and a real slapd, and loses or delays what passes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from directories.relay import Streams, relayed
from directories.scripted import ADD, result
from directories.slapd import server_of
from ldap_publish.directory import LdapServer
from ldap_publish.slapd import PrivateSlapd
from ldap_publish.wire.ber import elements, header

Loses = Callable[[str], bool]


class _Link:
    """One connection through it."""

    def __init__(self, loses: Loses, delay: float) -> None:
        self._loses = loses
        self._delay = delay
        self._held = b""

    async def requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(1 << 16):
            self._held += data
            while (found := header(self._held, 0)) is not None and found[1] <= len(self._held):
                begin, end = found
                whole, self._held = self._held[:end], self._held[end:]
                (_, number), (tag, operation), *_ = elements(whole[begin:])
                if tag == ADD and self._loses(elements(operation)[0][1].decode()):
                    writer.write(result(int.from_bytes(number, "big"), ADD))
                else:
                    up.write(whole)
        up.close()

    async def answers(self, down: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await down.read(1 << 16):
            await asyncio.sleep(self._delay)
            writer.write(data)
        writer.close()


@asynccontextmanager
async def between(
    slapd: PrivateSlapd, *, loses: Loses = lambda _: False, delay: float = 0
) -> AsyncIterator[LdapServer]:
    """``loses``: of an entry that is added, whether only its answer is given."""
    behind = urlsplit(slapd.url)

    async def passed(client: Streams, directory: Streams) -> None:
        link = _Link(loses, delay)
        async with asyncio.TaskGroup() as group:
            group.create_task(link.requests(*client, directory[1]))
            group.create_task(link.answers(directory[0], client[1]))

    async with relayed(
        lambda serve: asyncio.start_server(serve, "127.0.0.1", 0),
        lambda: asyncio.open_connection(behind.hostname, behind.port),
        passed,
    ) as listener:
        port = listener.sockets[0].getsockname()[1]
        yield replace(server_of(slapd), url=f"ldap://127.0.0.1:{port}")
