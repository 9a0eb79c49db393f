"""An installation for hours: all roles, PostgreSQL behind a line that can be torn, a directory."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from installed.practice import Practice, make_practice, register_served
from installed.program import Running
from pki.ports import SystemEntropy
from server.demo.stage import choose_ports
from strangers.postgres_killed import Killable, killable, moved
from strangers.torn_wire import SOCKET, WireThread, wired

MIB = 1 << 20


class Use(NamedTuple):
    """What a process has: memory in MiB, and open descriptors."""

    process: int
    memory: float
    descriptors: int


@dataclass(kw_only=True)
class House:
    """The server, what it stands on, and how it is started again."""

    practice: Practice
    database: Killable
    line: WireThread
    name: str
    start: Callable[[], Running]
    server: Running

    @property
    def process(self) -> int:
        return self.server.process.pid

    async def begin_again(self) -> None:
        """After the server was killed."""
        self.server = await asyncio.to_thread(self.start)

    def use(self) -> Use:
        """What the server has now."""
        folder = Path(f"/proc/{self.process}")
        pages = int((folder / "statm").read_text().split()[1])
        count = sum(1 for _ in (folder / "fd").iterdir())
        return Use(self.process, pages * os.sysconf("SC_PAGE_SIZE") / MIB, count)

    def directory_process(self) -> int:
        """The slapd that the server supervises."""
        for pid in (self.process, *_children(self.process)):
            for child in _children(pid):
                if "slapd" in Path(f"/proc/{child}/comm").read_text():
                    return child
        raise AssertionError("no slapd runs")

    def takes_changes(self, *, on: bool) -> None:
        """What the database says to whoever connects from now on."""
        address = self.database.url(self.name).replace("+psycopg", "")
        options = "-c default_transaction_read_only=off"
        statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
        with psycopg.connect(address, autocommit=True, options=options) as connection:
            value = sql.Literal("off" if on else "on")
            connection.execute(statement.format(sql.Identifier(self.name), value))
        self.line.cut()


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text().split()]


@contextmanager
def living() -> Iterator[House]:
    """Everything runs; it is gone afterwards."""
    with ExitStack() as stack:
        # A socket's path may be 107 bytes long.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zorgid-soak-")))
        practice = make_practice(folder / "made", choose_ports(None, SystemEntropy()))
        stack.enter_context(register_served(practice.register, practice.ports))
        database = stack.enter_context(killable())
        name = database.create()
        moved(practice.layout.store, database.url(name))
        socket = Path(database.url(name).partition("host=")[2]) / SOCKET
        line = stack.enter_context(wired(socket, folder))
        url = f"postgresql+psycopg://postgres@/{name}?host={folder}"
        practice.change(
            ('path = "store/zorgid.sqlite3"', f'postgresql = "{url}"'),
            ('mode = "off"', 'mode = "private"'),
        )

        def start() -> Running:
            server = practice.spawn("serve", "--config", str(practice.config))
            server.until_ready(practice.metrics_port)
            return server

        house = House(
            practice=practice,
            database=database,
            line=line,
            name=name,
            start=start,
            server=start(),
        )
        try:
            yield house
        finally:
            house.server.process.send_signal(signal.SIGCONT)
            house.server.stop()
