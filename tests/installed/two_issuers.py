"""Two issuing servers on one PostgreSQL, each with a data directory and addresses of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import gethostname
from typing import TypeVar

from installed.nursery import Nursery
from installed.practice import Practice, copied
from installed.program import fetched, readiness, until
from installed.sound import Change, Requests
from pki.der.crl import read_crl
from pki.domain.identifiers import CardId, IssuerId
from pki.domain.leases.records import Lease
from pki.ports import SystemEntropy
from pki.store.reading import ReadSession, ReadStore
from server.demo.stage import choose_ports
from server.leases.names import Task
from strangers.postgres_killed import Killable, killable, moved

T = TypeVar("T")

LEASE_SECONDS = 8
ISSUER = IssuerId("token-ca-g1")


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """One of them, and the number of its process."""

    practice: Practice
    process: int

    @property
    def name(self) -> str:
        """Under which it holds leases."""
        return f"{gethostname()}:{self.practice.layout.root / 'locks'}"

    def ready(self) -> bool:
        """Whether it says so."""
        return readiness(self.practice.metrics_port) is None

    def metric(self, name: str) -> float:
        """A sample of its metrics about the builder of CRLs."""
        text = fetched(f"http://127.0.0.1:{self.practice.metrics_port}/metrics").decode()
        wanted = f'{name}{{task="{Task.CRLS.value}"}} '
        return next(
            float(line.removeprefix(wanted))
            for line in text.splitlines()
            if line.startswith(wanted)
        )


@dataclass(kw_only=True)
class Pair:
    """Both, and the database that they share."""

    database: Killable
    url: str
    reader: ReadStore
    first: Issuer
    second: Issuer
    requests: Requests = field(default_factory=Requests)

    async def change(self, at: Issuer, card: CardId, *, blocking: bool) -> None:
        """Block or unblock, under one key, until it is acknowledged."""
        change = Change.BLOCK if blocking else Change.UNBLOCK
        await self.requests.insist(at.practice, change, card)

    def builder(self) -> Issuer | None:
        """Who builds CRLs by the store's word; None while nobody does."""
        lease = self._lease()
        if lease is None or not lease.held:
            return None
        return next(each for each in (self.first, self.second) if each.name == lease.holder)

    def turns(self) -> tuple[Issuer, Issuer]:
        """Who builds CRLs, once somebody does, and the other."""
        until(lambda: self.builder() is not None, "somebody builds CRLs")
        other = self.second if self.builder() is self.first else self.first
        return (self.first if other is self.second else self.second), other

    def token(self) -> int:
        """Of that lease."""
        lease = self._lease()
        assert lease is not None
        return lease.token

    def listed(self) -> set[int]:
        """Serials in the newest CRL."""
        crl = self._read(lambda session: session.latest_crl(ISSUER))
        assert crl is not None
        return set(read_crl(crl.der).entries)

    def _lease(self) -> Lease | None:
        return self._read(lambda session: session.lease(Task.CRLS.value))

    def _read(self, query: Callable[[ReadSession], T]) -> T:
        return self.reader.read_sync(query)


@contextmanager
def two_installations(practice: Practice, folder: Path) -> Iterator[tuple[Killable, str, Practice]]:
    """The database and its address, and the second installation; no server runs yet."""
    other = replace(copied(practice, folder), ports=choose_ports(None, SystemEntropy()))
    with killable() as database:
        url = database.url(database.create())
        moved(practice.layout.store, url)
        store = f'postgresql = "{url}"\nlease_seconds = {LEASE_SECONDS}'
        for each in (practice, other):
            each.change(('path = "store/zorgid.sqlite3"', store))
        listen = 'listen = "127.0.0.1:{}"'.format
        other.change(
            *(
                (listen(practice.ports.base + each), listen(other.ports.base + each))
                for each in (0, 1, 3)
            )
        )
        yield database, url, other


@contextmanager
def two_issuers(practice: Practice, folder: Path, nursery: Nursery) -> Iterator[Pair]:
    """Both running; the first is at work already when the second comes."""
    with two_installations(practice, folder) as (database, url, other):
        reader = ReadStore.open(url, threads=1)
        with nursery.serving(practice) as one, nursery.serving(other) as two:
            yield Pair(
                database=database,
                url=url,
                reader=reader,
                first=Issuer(practice=practice, process=one),
                second=Issuer(practice=other, process=two),
            )
        reader.close_sync()
