"""A follower on fakes: journal, store, cursors, clock and directory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from directories.in_memory import FakeDirectory
from directories.material import (
    BASE,
    ROOT_CA,
    TOKEN_CA,
    FakeCursors,
    FakeFacts,
    FakeJournal,
    FixedClock,
    make_ca,
)
from ldap_publish.follower import CURSOR, Backoff, LdapFollower
from ldap_publish.publisher import Publisher
from ldap_publish.tree import PublishedCa, Tree
from ldap_publish.upkeep import Upkeep

CA = make_ca()
TREE = Tree(
    base=BASE,
    cas=(
        PublishedCa(issuer=ROOT_CA, certificates=(CA.der,), is_root=True),
        PublishedCa(issuer=TOKEN_CA, certificates=(CA.der,)),
    ),
    fillers=2,
)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 -- polling needs no cooperation of what is tested
        await asyncio.sleep(0)


class House:
    def __init__(self, per_second: float = 0.0) -> None:
        self.per_second = per_second
        self.journal = FakeJournal()
        self.facts = FakeFacts(self.journal)
        self.cursors = FakeCursors()
        self.directory = FakeDirectory()
        self.clock = FixedClock()
        self.restart()

    def restart(self) -> None:
        self.upkeep = Upkeep(facts=self.facts, publisher=Publisher(self.directory, TREE), tree=TREE)
        self.follower = LdapFollower(
            journal=self.journal,
            cursors=self.cursors,
            upkeep=self.upkeep,
            clock=self.clock,
            backoff=Backoff(first=0.001, longest=0.002, per_second=self.per_second),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.follower.run())
            try:
                yield
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def reached(self, position: int) -> None:
        await until(lambda: self.cursors.saved.get(CURSOR, 0) >= position)

    async def follow_to(self, position: int) -> None:
        async with self.running():
            await self.reached(position)
