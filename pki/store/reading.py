"""The reading side: an engine that cannot write, and threads, so that no event loop waits for it.

This module and all it imports know no way to write.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Self, TypeVar

from sqlalchemy import Engine

from pki.store.checkpoints.reading import CheckpointReads
from pki.store.crls.archive import CrlArchive
from pki.store.engine import check_revision, read_engine
from pki.store.failures import translating
from pki.store.leases.reading import LeaseReads
from pki.store.many.reading import ManyReads
from pki.store.notices.reading import NoticeReads
from pki.store.postgres.state import PostgresReads
from pki.store.registration.reading import RegistrationReads
from pki.store.search.reading import SearchReads
from pki.store.short_lived.reading import LoginReads

T = TypeVar("T")


class ReadSession(
    CrlArchive,
    CheckpointReads,
    LeaseReads,
    NoticeReads,
    PostgresReads,
    RegistrationReads,
    LoginReads,
    ManyReads,
    SearchReads,
):
    """Every query there is, in one snapshot; good while the function it was given to runs."""


class ReadStore:
    """Runs functions that query, each in a snapshot of its own: it sees one moment."""

    def __init__(self, engine: Engine, threads: int) -> None:
        """Use `open`."""
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="store-read")

    @classmethod
    def open(cls, url: str, threads: int = 2) -> Self:
        """Open a store for reading; at most ``threads`` queries run at once, the others wait.

        Raises:
            ConfigurationInvalid: the URL names nothing usable.
            SchemaMismatch: the store was made by another release, or not made yet.
            StoreUnavailable: the database cannot be reached.
        """
        engine = read_engine(url, connections=threads)
        try:
            check_revision(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, threads)

    async def read(self, query: Callable[[ReadSession], T]) -> T:
        """Run ``query`` in a thread. Iterators of the session must be used up inside it.

        Raises:
            StoreUnavailable: the database cannot be read.
            IntegrityBroken: it holds what it cannot hold.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.read_sync, query)

    def read_sync(self, query: Callable[[ReadSession], T]) -> T:
        """As `read`, in this thread."""
        with translating():
            connection = self._engine.connect()
        session = ReadSession(connection)
        try:
            return query(session)
        finally:
            # Giving back a connection whose server has died fails as a query on it does.
            with translating(), closing(connection):
                session.close()

    async def close(self) -> None:
        """Let running queries end, then give the connections back."""
        await asyncio.to_thread(self.close_sync)

    def close_sync(self) -> None:
        """As `close`, in this thread."""
        self._pool.shutdown()
        self._engine.dispose()
