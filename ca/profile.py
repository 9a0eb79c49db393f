"""What a certificate profile says, as checked values; `ca.profiles` reads them."""

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final

from pydantic import ConfigDict

from ca.validity import Period
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.identifiers import SerialNumber
from pki.domain.records import delta_name, part_name, part_of

_STRICT: Final = ConfigDict(extra="forbid", strict=True)


class CertificateKind(Enum):
    """What a certificate is for; a CA profile lists the kinds that it issues.

    A link is what one generation of a root signs for another one (RFC 9810 4.4).
    """

    ROOT = "root"
    LINK = "link"
    ISSUING_CA = "issuing-ca"
    CARD = "card"
    MOBIEL = "mobiel"
    OCSP_RESPONDER = "ocsp-responder"
    TLS_SERVER = "tls-server"
    TLS_CLIENT = "tls-client"
    EVIDENCE = "evidence"


ROOT_KINDS: Final = frozenset({CertificateKind.ROOT, CertificateKind.LINK})
"""Certificates of a root's key: by itself, or by another generation."""
CA_KINDS: Final = ROOT_KINDS | {CertificateKind.ISSUING_CA}


class KeyUsage(Enum):
    """Bits of keyUsage that some profile sets, by their ASN.1 names (RFC 5280 4.2.1.3)."""

    DIGITAL_SIGNATURE = "digitalSignature"
    NON_REPUDIATION = "nonRepudiation"
    KEY_CERT_SIGN = "keyCertSign"
    CRL_SIGN = "cRLSign"


class ExtendedKeyUsage(Enum):
    """Purposes that some profile names (RFC 5280 4.2.1.12); those with ms are Microsoft's."""

    SERVER_AUTH = "serverAuth"
    CLIENT_AUTH = "clientAuth"
    EMAIL_PROTECTION = "emailProtection"
    OCSP_SIGNING = "OCSPSigning"
    DOCUMENT_SIGNING = "msDocumentSigning"
    SMARTCARD_LOGON = "msSmartcardLogon"


class NameField(Enum):
    """Subject attributes by their short names (RFC 4519).

    Members are hashed by what they are, not by their names: that takes a quarter of the time.
    """

    __hash__ = object.__hash__
    COUNTRY = "C"
    ORGANISATION = "O"
    SURNAME = "SN"
    GIVEN_NAMES = "GN"
    SERIAL_NUMBER = "serialNumber"
    COMMON_NAME = "CN"


class AlternativeName(Enum):
    """What the subjectAltName holds."""

    NONE = "none"
    UZI = "uzi"
    HOSTS = "hosts"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRule:
    """Kinds of key that are certified, the default first, and the one RSA exponent."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    types: tuple[KeyType, ...]
    rsa_exponent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidityRule:
    """How long a certificate counts; ``backdate_seconds`` is how far notBefore lies before now."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    years: int = 0
    days: int = 0
    backdate_seconds: int = 0

    @property
    def period(self) -> Period:
        """The length."""
        return Period(years=self.years, days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRule:
    """The subject's attributes in order; what is not ``fixed`` comes from the request."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    order: tuple[NameField, ...]
    fixed: dict[NameField, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """One certificate policy with its qualifiers (RFC 5280 4.2.1.4)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    oid: str
    cps: str | None = None
    notice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRule:
    """Extensions; what is not named here is not in the certificate. URLs are complete.

    ``crl_parts``: the CA's list is split into so many; 0: it is not. ``crl_deltas``: the delta of
    that list is named too (RFC 5280 4.2.1.15). Both come from the configuration.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    ca: bool = False
    path_length: int | None = None
    key_usage: tuple[KeyUsage, ...]
    extended_key_usage: tuple[ExtendedKeyUsage, ...] = ()
    alternative_name: AlternativeName = AlternativeName.NONE
    policies: tuple[PolicyRule, ...] = ()
    ocsp_url: str | None = None
    ca_issuers_url: str | None = None
    crl_url: str | None = None
    crl_parts: int = 0
    crl_deltas: bool = False
    ocsp_nocheck: bool = False

    def __hash__(self) -> int:
        """Of what tells profiles apart: hashing all of it took a good part of issuing."""
        return hash((self.crl_url, self.ocsp_url, self.ca_issuers_url, self.crl_parts))

    def crl_urls(self, serial: SerialNumber) -> tuple[str, ...]:
        """Where the CRL that lists this serial is found: for good, since it is signed."""
        if self.crl_url is None or not self.crl_parts:
            return () if self.crl_url is None else (self.crl_url,)
        whole, dot, form = self.crl_url.rpartition(".")
        return (f"{part_name(whole, part_of(serial, self.crl_parts))}{dot}{form}",)

    def delta_urls(self, serial: SerialNumber) -> tuple[str, ...]:
        """Where the delta of that CRL is found."""
        found = (url.rpartition(".") for url in self.crl_urls(serial) if self.crl_deltas)
        return tuple(f"{delta_name(name)}{dot}{form}" for name, dot, form in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of certificate, to the last field.

    ``issuer`` is the name of the profile of the CA that signs it; a root names itself. ``issues``
    is what a CA may sign. ``sha256`` is the digest of the file that it was read from, hexadecimal.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: str
    kind: CertificateKind
    issuer: str
    issues: tuple[CertificateKind, ...] = ()
    signatures: tuple[SignatureAlgorithm, ...]
    key: KeyRule
    validity: ValidityRule
    subject: SubjectRule
    extensions: ExtensionRule
    sha256: str = ""

    @property
    def digest(self) -> str:
        """``<name>@<SHA-256 of the file>``: what intents and the journal record."""
        return f"{self.name}@{self.sha256}"
