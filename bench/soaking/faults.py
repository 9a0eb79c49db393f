"""What is done to an installation under load. Each ends what it began."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bench.soaking.house import House

Fault = Callable[[House, random.Random], Awaitable[None]]


async def nothing(_house: House, chance: random.Random) -> None:
    """Load alone."""
    await asyncio.sleep(chance.uniform(2, 6))


async def killed(house: House, chance: random.Random) -> None:
    """The server, as by a power cut."""
    await asyncio.sleep(chance.uniform(0, 2))
    house.server.kill()
    await house.begin_again()


async def stopped(house: House, chance: random.Random) -> None:
    """The server stands still, longer than its leases last."""
    os.kill(house.process, signal.SIGSTOP)
    await asyncio.sleep(chance.uniform(1, 14))
    os.kill(house.process, signal.SIGCONT)


async def cut(house: House, chance: random.Random) -> None:
    """All connections to the database, again and again."""
    for _ in range(chance.randint(1, 20)):
        house.line.cut()
        await asyncio.sleep(chance.uniform(0.02, 0.4))


async def torn(house: House, chance: random.Random) -> None:
    """The connection, at the COMMIT of a block or its end."""
    wire = house.line.wire
    wire.word = chance.choice((b"card.blocked", b"card.unblocked", b"certificate.issued"))
    wire.tear = "before" if chance.getrandbits(1) else "after"
    await asyncio.sleep(chance.uniform(2, 5))
    wire.tear = None


async def slow(house: House, chance: random.Random) -> None:
    """Each answer of the database."""
    house.line.wire.delay = chance.choice((0.1, 0.5, 2.0))
    await asyncio.sleep(chance.uniform(3, 15))
    house.line.wire.delay = 0.0


async def database_killed(house: House, chance: random.Random) -> None:
    """And started again."""
    await asyncio.to_thread(house.database.kill)
    await asyncio.sleep(chance.uniform(0, 5))
    await asyncio.to_thread(house.database.start)


async def read_only(house: House, chance: random.Random) -> None:
    """The database takes no changes."""
    house.takes_changes(on=False)
    await asyncio.sleep(chance.uniform(1, 5))
    house.takes_changes(on=True)


async def directory_killed(house: House, chance: random.Random) -> None:
    """The server's own slapd."""
    os.kill(house.directory_process(), signal.SIGKILL)
    await asyncio.sleep(chance.uniform(1, 3))


FAULTS: Final[Mapping[str, Fault]] = {
    "nothing": nothing,
    "server killed": killed,
    "server stopped": stopped,
    "connections cut": cut,
    "torn at commit": torn,
    "slow database": slow,
    "database killed": database_killed,
    "database read-only": read_only,
    "directory killed": directory_killed,
}
