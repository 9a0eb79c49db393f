"""What stands before a directory on a socket and keeps back what is written, until it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from directories.relay import Streams, relayed
from directories.scripted import MODIFY
from ldap_publish.wire.ber import elements, header


@dataclass(kw_only=True)
class Holder:
    """``url``: where it is asked. After `hold` the connection that first writes is held."""

    url: str
    holding: bool = False
    held: "_Link | None" = None
    holds: asyncio.Event = field(default_factory=asyncio.Event)
    """Something is kept back."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """The directory has answered what was kept back."""

    def hold(self) -> None:
        """Keep back every modification over one connection; others go on."""
        self.holding = True

    def keeps_back(self, link: "_Link") -> bool:
        """Whether a modification over this one is not passed on now."""
        if not self.holding:
            return False
        self.held = self.held or link
        return self.held is link


class _Link:
    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._held: list[bytes] = []

    async def requests(self, reader: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        """Pass them on; what was kept back is sent even when the client has gone."""
        buffer = b""
        while data := await reader.read(1 << 16):
            buffer += data
            while (found := header(buffer, 0)) is not None and found[1] <= len(buffer):
                begin, end = found
                whole, buffer = buffer[:end], buffer[end:]
                _, (tag, _), *_ = elements(whole[begin:])
                if tag == MODIFY and self._holder.keeps_back(self):
                    self._held.append(whole)
                    self._holder.holds.set()
                else:
                    up.write(whole)

    async def release(self, up: asyncio.StreamWriter) -> None:
        await self._holder.released.wait()
        self._holder.holding = False
        for each in self._held:
            up.write(each)

    async def answers(self, down: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await down.read(1 << 16):
            if self._held and self._holder.released.is_set():
                self._holder.answered.set()
            writer.write(data)


@asynccontextmanager
async def holding(socket: Path, url: str) -> AsyncIterator[Holder]:
    """Before the directory at this ldapi address."""
    holder = Holder(url=f"ldapi://{quote(str(socket), safe='')}")

    async def passed(client: Streams, directory: Streams) -> None:
        link = _Link(holder)
        async with asyncio.TaskGroup() as group:
            group.create_task(link.requests(client[0], directory[1]))
            group.create_task(link.release(directory[1]))
            await link.answers(directory[0], client[1])

    async with relayed(
        lambda serve: asyncio.start_unix_server(serve, socket),
        lambda: asyncio.open_unix_connection(unquote(urlsplit(url).netloc)),
        passed,
    ):
        yield holder
