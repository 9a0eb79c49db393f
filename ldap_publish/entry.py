"""What one directory entry must hold: names and values, made from certificates. Pure.

Values are octets: UTF-8 for text, DER for certificates and CRLs (RFC 4523 wants these under
``;binary``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pki.der import oids
from pki.der.certificate import read_subject
from pki.der.names import read_name
from pki.domain.errors import Malformed
from pki.domain.identifiers import IssuerId
from pki.domain.records import IssuedCertificate, PublishedCrl

CERTIFICATE: Final = "userCertificate;binary"
CA_CERTIFICATE: Final = "cACertificate;binary"
CRL: Final = "certificateRevocationList;binary"
ROOT_CRL: Final = "authorityRevocationList;binary"
OBJECT_CLASS: Final = "objectClass"
VERSION: Final = "entryCSN"
"""Another one after each write of an entry, in servers of OpenLDAP; others do not have it."""

PERSON_CLASSES: Final = ("inetOrgPerson", "pkiUser", "zorgIdCard")
PERSON_NAMES: Final = ("cn", "sn", "givenName", "o", "serialNumber")
UID: Final = "uid"
_NAMED: Final = dict(
    zip(
        (
            oids.COMMON_NAME,
            oids.SURNAME,
            oids.GIVEN_NAME,
            oids.ORGANISATION,
            oids.SERIAL_NUMBER,
        ),
        PERSON_NAMES,
        strict=True,
    )
)
_REQUIRED: Final = ("cn", "sn")
CA_CLASSES: Final = ("organizationalUnit", "pkiCA")

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SPECIAL: Final = re.compile(r'([\\",+;<>=])')


class Keeping(Enum):
    """How the values of an attribute are kept in line."""

    EXACT = "exact"
    """Ours alone: whatever else stands there is replaced."""
    PRESENT = "present"
    """Shared with others: ours are added, theirs stay."""
    NEWEST = "newest"
    """A CRL: replaced by one with a higher number, never by a lower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """One attribute of an entry: its full description (options included) and what it must hold."""

    attribute: str
    values: tuple[bytes, ...]
    keeping: Keeping


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as it must be; a ``foreign`` one is made when missing, otherwise left alone."""

    dn: str
    object_classes: tuple[str, ...]
    attributes: tuple[Values, ...]
    foreign: bool = False


_CARD_KEEPING: Final = dict.fromkeys(PERSON_NAMES, Keeping.EXACT) | dict.fromkeys(
    (UID, CERTIFICATE), Keeping.PRESENT
)


def rdn(attribute: str, value: str) -> str:
    """One relative name, escaped as RFC 4514 2.4 asks.

    Raises:
        Malformed: empty, or a control character (some libraries write NUL in a form that servers
        misread).
    """
    if not value or _CONTROL.search(value):
        raise Malformed(what="LDAP name", message=f"{attribute}: empty, or a control character")
    text = _SPECIAL.sub(r"\\\1", value)
    if text[0] in " #":
        text = "\\" + text
    if text.endswith(" ") and value != " ":
        text = text[:-1] + "\\ "
    return f"{attribute}={text}"


def ca_dn(issuer: IssuerId, base: str) -> str:
    """Where one generation of one CA stands."""
    return f"{rdn('ou', issuer.value)},{base}"


def card_dn(certificate: IssuedCertificate, base: str) -> str:
    """Where a card's certificate stands: by its serial, decimal, under the CA that issued it."""
    return f"{rdn('uid', certificate.serial.decimal)},{ca_dn(certificate.issuer, base)}"


def card_entry(certificate: IssuedCertificate, base: str) -> Entry:
    """The entry of a card's certificate; the person's data come from the certificate itself.

    Raises:
        Malformed: the subject cannot be read, or has no CN or surname.
    """
    return Entry(
        dn=card_dn(certificate, base),
        object_classes=PERSON_CLASSES,
        attributes=tuple(
            Values(attribute=name, values=values, keeping=_CARD_KEEPING[name])
            for name, values in card_values(certificate).items()
        ),
    )


def card_values(certificate: IssuedCertificate) -> Mapping[str, tuple[bytes, ...]]:
    """What the entry of a card's certificate holds besides its classes, by attribute.

    Raises:
        Malformed: as `card_entry`.
    """
    named: dict[str, tuple[bytes, ...]] = {}
    for each in read_name(read_subject(certificate.der)).rdns:
        name = _NAMED.get(each.oid)
        if name is not None:
            named[name] = (*named.get(name, ()), each.text.encode())
    for name in _REQUIRED:
        if name not in named:
            raise Malformed(what="certificate subject", message=f"subject has no {name}")
    return {
        **{name: named[name] for name in PERSON_NAMES if name in named},
        UID: (certificate.serial.decimal.encode(),),
        CERTIFICATE: (certificate.der,),
    }


def ca_entry(issuer: IssuerId, base: str, certificates: tuple[bytes, ...]) -> Entry:
    """The entry of one generation of a CA, with the certificates of its key."""
    return Entry(
        dn=ca_dn(issuer, base),
        object_classes=CA_CLASSES,
        attributes=(
            _present("ou", issuer.value.encode()),
            _present(CA_CERTIFICATE, *certificates),
        ),
    )


def crl_values(crl: PublishedCrl, *, is_root: bool) -> Values:
    """The CRL attribute of a CA's entry; the root's list names CAs only (RFC 4523 2.3)."""
    return Values(attribute=ROOT_CRL if is_root else CRL, values=(crl.der,), keeping=Keeping.NEWEST)


def _present(attribute: str, *values: bytes) -> Values:
    return Values(attribute=attribute, values=values, keeping=Keeping.PRESENT)
