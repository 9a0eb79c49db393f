"""Card certificates for a directory, and the same as LDIF."""

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ldap_publish.entry import Entry, card_entry
from ldap_publish.ports import CardCertificate
from ldap_publish.tree import PublishedCa, Tree, tree_entries
from pki.domain.cards import Active
from pki.domain.identifiers import CardId, IssuerId, SerialNumber
from pki.domain.records import IssuedCertificate, PublishedCrl

START = datetime(2026, 1, 1, tzinfo=UTC)
ISSUER = IssuerId("token-ca-g1")
BASE = "o=ZORG-ID,c=NL"
_FIRST_SERIAL = 1 << 156
_FIRST_UZI_NUMBER = 100_000_000


def _certificate(serial: int, subject: x509.Name, *, ca: bool) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_name(("CN", "ZORG-ID Token CA")))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=1095))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def _name(*more: tuple[str, str]) -> x509.Name:
    oids = {"CN": NameOID.COMMON_NAME, "SN": NameOID.SURNAME, "UZI": NameOID.SERIAL_NUMBER}
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ZORG-ID"),
            *(x509.NameAttribute(oids[name], value) for name, value in more),
        ]
    )


class Cards:
    """So many confirmed cards; satisfies `ldap_publish.ports.Facts`.

    All have one certificate but for serial and UZI number: a directory checks no signature.
    """

    def __init__(self, count: int) -> None:
        names = (("SN", "Test"), ("UZI", str(_FIRST_UZI_NUMBER)), ("CN", "Jan Test"))
        template = _certificate(_FIRST_SERIAL, _name(*names), ca=False)
        self.cards = tuple(_card(template, number) for number in range(count))
        self.crls: dict[IssuerId, PublishedCrl] = {}
        ca = _certificate(1, _name(("CN", "ZORG-ID Token CA")), ca=True)
        self.tree = Tree(base=BASE, cas=(PublishedCa(issuer=ISSUER, certificates=(ca,)),))

    async def card_certificate(self, serial: SerialNumber) -> CardCertificate | None:
        """The one with this serial."""
        return self.cards[serial.value - _FIRST_SERIAL]

    async def card_certificates_after(
        self, serial: SerialNumber | None, limit: int
    ) -> Sequence[CardCertificate]:
        """The next ones."""
        start = 0 if serial is None else serial.value - _FIRST_SERIAL + 1
        return self.cards[start : start + limit]

    @staticmethod
    def uzi_number(serial: SerialNumber) -> str:
        """That of the card with this serial."""
        return str(_FIRST_UZI_NUMBER + serial.value - _FIRST_SERIAL)

    async def latest_crl(self, issuer: IssuerId) -> PublishedCrl | None:
        """None was made."""
        return self.crls.get(issuer)

    def ldif(self) -> Iterator[str]:
        """Every entry as ldapadd wants it."""
        for entry in tree_entries(self.tree):
            yield _ldif(entry)
        for card in self.cards:
            yield _ldif(card_entry(card.certificate, BASE))


def _card(template: bytes, number: int) -> CardCertificate:
    serial = SerialNumber(_FIRST_SERIAL + number)
    uzi_number = str(_FIRST_UZI_NUMBER + number).encode()
    der = template.replace(_FIRST_SERIAL.to_bytes(20, "big"), serial.value.to_bytes(20, "big"), 1)
    return CardCertificate(
        certificate=IssuedCertificate(
            serial=serial,
            issuer=ISSUER,
            card_id=CardId("0" * 32),
            der=der.replace(str(_FIRST_UZI_NUMBER).encode(), uzi_number, 1),
            not_before=START,
            not_after=START + timedelta(days=1095),
            key_sha256=bytes(32),
        ),
        phase=Active(at=START, serial=serial),
    )


def _ldif(entry: Entry) -> str:
    lines = [f"dn: {entry.dn}", *(f"objectClass: {each}" for each in entry.object_classes)]
    for each in entry.attributes:
        lines += [f"{each.attribute}:: {base64.b64encode(one).decode()}" for one in each.values]
    return "\n".join([*lines, "", ""])
