"""The registration document: which organisation it is of, and who is to be its administrator.

::

    <OrganisatieRegistratie xmlns="urn:zorgid:organisatieregistratie:1">
      <Ura>90000382</Ura>
      <Opgesteld>2026-11-22T10:00:00Z</Opgesteld>
      <Administrator>
        <UziNummer>900021219</UziNummer>
        <Achternaam>…</Achternaam> <Voornamen>…</Voornamen> <Naam>…</Naam>
        <Certificaat>base64 of a client certificate, DER</Certificaat>
      </Administrator>
      <ds:Signature/>
    </OrganisatieRegistratie>

No other element, and no attribute, may stand in it. It names the administrator's certificate, so
that whoever gets hold of a document can do nothing with it but what it says.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from lxml import etree

from pki.domain.errors import Malformed
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.people import PersonName
from pki.domain.registration.records import KnownPerson, RegistrationDocument
from pki.trust.path import UNREADABLE
from pki.trust.registration.server_certificate import ServerTrust, not_trusted
from pki.trust.registration.signed_xml import SignedXml

NAMESPACE: Final = "urn:zorgid:organisatieregistratie:1"
VALID: Final = timedelta(days=31)
"""How old a document may be."""

CLOCK_SKEW: Final = timedelta(minutes=5)
NAME_LIMIT: Final = 200
"""Characters of a name, as in the API."""

_WHAT: Final = "registration document"
_ROOT: Final = "OrganisatieRegistratie"
_TOP: Final = ("Ura", "Opgesteld", "Administrator")
_ADMINISTRATOR: Final = ("UziNummer", "Achternaam", "Voornamen", "Naam", "Certificaat")


class RegistrationDocuments:
    """Verifies documents with which organisations register themselves."""

    __slots__ = ("_servers",)

    def __init__(self, servers: ServerTrust) -> None:
        self._servers = servers

    async def verify_document(self, octets: bytes, at: datetime, /) -> RegistrationDocument:
        """Read a document that was signed with the UZI server certificate of its organisation.

        Raises:
            Malformed: it does not have the form above.
            Refused: DOCUMENT_NOT_TRUSTED: signature, certificate, organisation or age.
            PassStatusUnavailable: whether the certificate was revoked cannot be known.
        """
        signed = SignedXml(octets)
        ura = await self._servers.ura_of(signed.certificate, at)
        root = signed.signed_by(signed.certificate, at)
        document = _read(root, hashlib.sha256(octets).digest())
        if document.ura != ura:
            raise not_trusted("it names another organisation than the certificate that signed it")
        _require_recent(_moment(_texts(root, _ROOT, _TOP)[1]), at)
        return document


def _read(root: etree._Element, digest: bytes) -> RegistrationDocument:
    ura, _, _ = _texts(root, _ROOT, _TOP)
    number, surname, given_names, common_name, certificate = _texts(
        root[2], "Administrator", _ADMINISTRATOR
    )
    name = PersonName(
        surname=_name(surname), given_names=_name(given_names), common_name=_name(common_name)
    )
    return RegistrationDocument(
        ura=Ura(ura),
        administrator=_certificate(certificate),
        person=KnownPerson(uzi_number=UziNumber(number), name=name),
        sha256=digest,
    )


def _texts(element: etree._Element, tag: str, children: Sequence[str]) -> list[str]:
    """The texts of exactly these children; none has an attribute."""
    found = [each.tag for each in element]
    if element.tag != f"{{{NAMESPACE}}}{tag}" or found != [f"{{{NAMESPACE}}}{c}" for c in children]:
        raise Malformed(what=_WHAT, message=f"{tag} must hold {', '.join(children)}, in this order")
    if element.attrib or any(each.attrib for each in element):
        raise Malformed(what=_WHAT, message="attributes have no meaning here")
    return [(each.text or "").strip() for each in element]


def _name(text: str) -> str:
    if not 0 < len(text) <= NAME_LIMIT or not text.isprintable():
        raise Malformed(what=_WHAT, message="a name is empty, too long or not printable")
    return text


def _certificate(text: str) -> bytes:
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        x509.load_der_x509_certificate(der)
    except UNREADABLE:
        raise Malformed(what=_WHAT, message="Certificaat holds no certificate") from None
    return der


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Malformed(what=_WHAT, message="Opgesteld must be YYYY-MM-DDThh:mm:ssZ") from None


def _require_recent(made: datetime, at: datetime) -> None:
    if not at - VALID <= made <= at + CLOCK_SKEW:
        raise not_trusted(f"it was made more than {VALID.days} days ago, or in the future")
