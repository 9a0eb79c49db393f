"""Certificates, CRLs and stand-ins for journal, store and directory, for the tests of LDAP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ldap_publish.ports import CardCertificate
from pki.domain.cards import Active, CardPhase
from pki.domain.events import CardConfirmed, CrlPublished, Event
from pki.domain.identifiers import CardId, IssuerId, SerialNumber
from pki.domain.journal import GENESIS, JournalEntry, JournalHead, append
from pki.domain.people import SYSTEM
from pki.domain.records import IssuedCertificate, PublishedCrl

START = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN_CA = IssuerId("token-ca-g1")
ROOT_CA = IssuerId("root-ca-g1")
BASE = "o=ZORG-ID,c=NL"
CARD_ID = CardId("0" * 32)
ISSUER_NAME = "CN=ZORG-ID Token CA,2.5.4.97=NTRNL-12345678,O=ZORG-ID,C=NL"


class FixedClock:
    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class TestCa:
    __test__ = False
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def make_ca(name: str = "ZORG-ID Token CA", extra: str = "") -> TestCa:
    """A CA; its name has an attribute of the type ``extra`` besides, if that is given."""
    key = ec.generate_private_key(ec.SECP256R1())
    more = [x509.NameAttribute(x509.ObjectIdentifier(extra), "x")] if extra else []
    subject = x509.Name(
        [
            *more,
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ZORG-ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "NTRNL-12345678"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = _builder(subject, subject, key.public_key(), 1 << 157)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return TestCa(key, builder.sign(key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, serial: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=1095))
    )


@dataclass(frozen=True, kw_only=True)
class Holder:
    uzi_number: str = "900021219"
    surname: str = "Test"
    given_names: str = "Jan"
    organisation: str = "Tést Zorginstelling 03"
    common_name: str = "Jan Test"


KEY = ec.generate_private_key(ec.SECP256R1())


def subject_of(holder: Holder) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            # RFC 5280 allows O, SN, GN and CN 64 characters (SN and GN more); UZI names are longer.
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, holder.organisation, _validate=False),
            x509.NameAttribute(NameOID.SURNAME, holder.surname),
            x509.NameAttribute(NameOID.GIVEN_NAME, holder.given_names),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, holder.uzi_number),
            x509.NameAttribute(NameOID.COMMON_NAME, holder.common_name, _validate=False),
        ]
    )


def card_certificate(
    ca: TestCa, number: int, holder: Holder | None = None, subject: x509.Name | None = None
) -> IssuedCertificate:
    """A card certificate whose serial is ``number`` above the lowest that is issued."""
    serial = SerialNumber((1 << 156) + number)
    name = subject or subject_of(holder or Holder())
    builder = _builder(name, ca.certificate.subject, KEY.public_key(), serial.value)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    der = builder.sign(ca.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return IssuedCertificate(
        serial=serial,
        issuer=TOKEN_CA,
        card_id=CARD_ID,
        der=der,
        not_before=START,
        not_after=START + timedelta(days=1095),
        key_sha256=bytes(32),
    )


def published_crl(
    ca: TestCa,
    number: int,
    revoked: Sequence[x509.RevokedCertificate] = (),
    issuer: IssuerId = TOKEN_CA,
) -> PublishedCrl:
    next_update = START + timedelta(hours=48)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(START)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for each in revoked:
        builder = builder.add_revoked_certificate(each)
    der = builder.sign(ca.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return PublishedCrl(
        issuer=issuer,
        number=number,
        this_update=START,
        next_update=next_update,
        der=der,
        entries=len(revoked),
        upto=0,
    )


class FakeJournal:
    """Satisfies `ldap_publish.ports.Journal`."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self._news = asyncio.Event()
        self._head = JournalHead(position=0, digest=GENESIS)

    def record(self, event: Event) -> int:
        entry = append(self._head, at=START, actor=SYSTEM, event=event)
        self._head = JournalHead(position=entry.position, digest=entry.digest)
        self.entries.append(entry)
        self._news.set()
        return entry.position

    async def follow(self, after: int) -> AsyncIterator[Sequence[JournalEntry]]:
        while True:
            self._news.clear()
            if batch := self.entries[after : after + 500]:
                after = batch[-1].position
                yield batch
            else:
                await self._news.wait()


@dataclass
class FakeFacts:
    """Satisfies `ldap_publish.ports.Facts`; `confirm` and `publish` also write the journal."""

    journal: FakeJournal
    cards: dict[SerialNumber, CardCertificate] = field(default_factory=dict)
    crls: dict[IssuerId, PublishedCrl] = field(default_factory=dict)

    async def card_certificate(self, serial: SerialNumber) -> CardCertificate | None:
        return self.cards.get(serial)

    async def card_certificates_after(
        self, serial: SerialNumber | None, limit: int
    ) -> Sequence[CardCertificate]:
        serials = sorted(each for each in self.cards if serial is None or each > serial)
        return [self.cards[each] for each in serials[:limit]]

    async def latest_crl(self, issuer: IssuerId) -> PublishedCrl | None:
        return self.crls.get(issuer)

    def put(self, certificate: IssuedCertificate, phase: CardPhase | None = None) -> int:
        """Store a certificate in this phase (default active) and record that it changed."""
        serial = certificate.serial
        self.cards[serial] = CardCertificate(
            certificate=certificate, phase=phase or Active(at=START, serial=serial)
        )
        event = CardConfirmed(card=CARD_ID, issuer=certificate.issuer, serial=serial)
        return self.journal.record(event)

    def publish(self, crl: PublishedCrl) -> int:
        self.crls[crl.issuer] = crl
        return self.journal.record(
            CrlPublished(
                issuer=crl.issuer,
                number=crl.number,
                crl_sha256="00",
                entries=crl.entries,
                upto=crl.upto,
            )
        )


class FakeCursors:
    """Satisfies `ldap_publish.ports.Cursors`."""

    def __init__(self) -> None:
        self.saved: dict[str, int] = {}

    async def load(self, name: str) -> int:
        return self.saved.get(name, 0)

    async def save(self, name: str, position: int) -> None:
        self.saved[name] = position
