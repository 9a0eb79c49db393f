"""Registration documents, signed with a UZI server certificate of the tests' register."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import SignatureConstructionMethod
from signxml.signer import XMLSigner

from made.uzi import NOW, OID_CA, PassPlan, Register, der, uzi
from pki.domain.errors import ZorgidError
from pki.domain.uzi import PassType
from pki.trust.path import Issuer, PathValidator
from pki.trust.registration.document import NAMESPACE, RegistrationDocuments
from pki.trust.registration.server_certificate import ServerTrust

URA = "90000382"
S_TEXT = f"{OID_CA[PassType.SERVER]}-1-900099999-S-{URA}-00.000-00000000"
SERVER_PLAN = PassPlan(
    names=(x509.DNSName("his.praktijk.example"), uzi(S_TEXT)),
    subject=(
        (NameOID.COUNTRY_NAME, "NL"),
        (NameOID.ORGANIZATION_NAME, "Tést Zorginstelling 03"),
        (NameOID.COMMON_NAME, "his.praktijk.example"),
    ),
    key_usage=("digital_signature", "key_encipherment"),
)
XML = """<OrganisatieRegistratie xmlns="{namespace}">
  <Ura>{ura}</Ura>
  <Opgesteld>{made}</Opgesteld>
  <Administrator>
    <UziNummer>{number}</UziNummer>
    <Achternaam>{surname}</Achternaam>
    <Voornamen>Anna</Voornamen>
    <Naam>Anna {surname}</Naam>
    <Certificaat>{certificate}</Certificaat>
  </Administrator>
</OrganisatieRegistratie>"""


class Vouching:
    """The UZI register's word on a certificate: good, unless there is a failure."""

    failure: ZorgidError | None = None

    async def require_good(
        self, certificate: x509.Certificate, issuer: Issuer, at: datetime
    ) -> None:
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a document says."""

    certificate: bytes
    ura: str = URA
    number: str = "900054321"
    surname: str = "Jansen"
    made: datetime = NOW - timedelta(days=1)

    @property
    def xml(self) -> str:
        return XML.format(
            namespace=NAMESPACE,
            ura=self.ura,
            made=self.made.strftime("%Y-%m-%dT%H:%M:%SZ"),
            number=self.number,
            surname=self.surname,
            certificate=base64.b64encode(self.certificate).decode(),
        )


@dataclass(frozen=True, kw_only=True)
class Notary:
    """An organisation that can sign, and whoever judges what it signed."""

    register: Register
    status: Vouching
    certificate: x509.Certificate

    @classmethod
    def of(cls, register: Register) -> "Notary":
        certificate = register.issue(SERVER_PLAN, by=PassType.SERVER)
        return cls(register=register, status=Vouching(), certificate=certificate)

    @property
    def judge(self) -> RegistrationDocuments:
        paths = PathValidator(self.register.settings)
        return RegistrationDocuments(ServerTrust(paths, self.status))

    @property
    def content(self) -> Content:
        """What is right; tests replace what should be wrong."""
        return Content(certificate=der(self.certificate))

    def with_certificate(self, certificate: x509.Certificate) -> "Notary":
        return replace(self, certificate=certificate)

    def sign(
        self,
        xml: str | None = None,
        *,
        key: rsa.RSAPrivateKey | None = None,
        change: Callable[[XMLSigner], None] = lambda signer: None,
        reference: str | None = None,
    ) -> bytes:
        """The document with its enveloped signature."""
        root = etree.fromstring((xml or self.content.xml).encode())
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
        )
        change(signer)
        signed = signer.sign(
            root,
            key=key or self.register.pass_key,
            cert=[self.certificate],
            reference_uri=reference,
        )
        return etree.tostring(signed)
