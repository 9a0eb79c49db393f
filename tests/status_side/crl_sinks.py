"""CRLs being published, for what brings them elsewhere; and a sink in memory that can fail."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crl.build import CrlIssuer
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes.status import FakeClock, FakeCrlStore, FakeFeed, FakeStore
from pki.domain.errors import StoreUnavailable, Unavailable
from pki.domain.identifiers import IssuerId
from pki.domain.journal import GENESIS, JournalHead
from pki.domain.records import PublishedCrl
from pki.trust.signatures import verify_signature
from status_side.small_pki import PlainSigner, PracticeCa, new_key

FIRST = IssuerId("token-ca-g1")
SECOND = IssuerId("token-ca-g2")
NAMES = {FIRST: "first", SECOND: "second"}


@dataclass
class FakeJournal(FakeFeed):
    """The same, and where it ends."""

    async def head(self) -> JournalHead:
        if self.store.broken:
            raise StoreUnavailable(message="down", next_step="start it")
        entries = self.store.journal
        if not entries:
            return JournalHead(position=0, digest=GENESIS)
        return JournalHead(position=entries[-1].position, digest=entries[-1].digest)


@dataclass
class FakeArchive(FakeCrlStore):
    """The same, by number too."""

    async def numbered(self, issuer: IssuerId, number: int) -> PublishedCrl | None:
        await self.latest(issuer)
        mine = (each for each in self.published if each.issuer == issuer)
        return next((each for each in mine if each.number == number), None)


@dataclass
class FakeCursors:
    """Positions in memory; fails when the store does."""

    store: FakeStore
    kept: dict[str, int] = field(default_factory=dict)

    async def load(self, name: str) -> int:
        self._look()
        return self.kept.get(name, 0)

    async def save(self, name: str, position: int) -> None:
        self._look()
        self.kept[name] = position

    def _look(self) -> None:
        if self.store.broken:
            raise StoreUnavailable(message="down", next_step="start it")


@dataclass
class FakeSink:
    """Holds what it was given; ``refuses`` names of which it takes nothing."""

    keeps_old: bool = True
    refuses: set[str] = field(default_factory=set)
    standing: dict[str, int] = field(default_factory=dict)
    kept: set[tuple[str, int]] = field(default_factory=set)
    asked: int = 0
    name: str = "fake"

    async def show(self, name: str, crl: PublishedCrl) -> bool:
        self._look(name)
        new = self.standing.get(name) != crl.number
        self.standing[name] = crl.number
        return new

    async def keep(self, name: str, crl: PublishedCrl) -> None:
        self._look(name)
        self.kept.add((name, crl.number))

    async def shown(self, name: str) -> int | None:
        return self.standing.get(name)

    def _look(self, name: str) -> None:
        self.asked += 1
        if name in self.refuses:
            raise Unavailable(message="no room", next_step="make room")


class PublishingHouse:
    """Two CAs whose CRLs are published one after the other."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)
        self.crls = FakeArchive(self.store)
        self.journal = FakeJournal(self.store)
        self.cursors = FakeCursors(self.store)
        self._services = {issuer: self._service(issuer) for issuer in NAMES}

    async def publish(self, issuer: IssuerId = FIRST) -> PublishedCrl:
        self.clock.advance(60)
        return (await self._services[issuer].publish_next()).whole

    def openssl_verifies(self, issuer: IssuerId, octets: bytes, folder: Path) -> bool:
        """Whether openssl takes it for a CRL of this CA."""
        authority, crl = folder / "ca.pem", folder / "to-verify.der"
        certificate = x509.load_der_x509_certificate(self._ca(issuer).certificate)
        authority.write_bytes(certificate.public_bytes(Encoding.PEM))
        crl.write_bytes(octets)
        words = ("openssl", "crl", "-inform", "DER", "-noout", "-in", str(crl))
        ran = subprocess.run(
            [*words, "-CAfile", str(authority)],
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        return ran.returncode == 0 and "verify OK" in ran.stderr

    def _ca(self, issuer: IssuerId) -> PracticeCa:
        return PracticeCa(f"CA {issuer}", new_key(f"sinks {issuer}"))

    def _service(self, issuer: IssuerId) -> CrlService:
        ca = self._ca(issuer)
        return CrlService(
            CrlIssuer.of(issuer, ca.certificate),
            PlainSigner(ca.key),
            self.crls,
            verify=verify_signature,
            clock=self.clock,
            policy=CrlPolicy(),
        )
