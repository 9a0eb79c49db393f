"""What may be signed: rules over what is a certificate's own (RFC 5280, CPS, BR).

What it shares with others is judged by `ca.rules.of_frames`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from ca.issuer import NAME_OIDS, PRINTABLE_FIELDS, UPPER_BOUNDS, Issuer
from ca.key_policy import check_key
from ca.profile import (
    ROOT_KINDS,
    AlternativeName,
    CertificateKind,
    ExtendedKeyUsage,
    KeyUsage,
    NameField,
    Profile,
)
from pki.der import extensions as der
from pki.der import oids
from pki.der.certificate import Certificate, CertificateContent
from pki.der.spki import key_identifier
from pki.der.uzi_names import encode_subject_alt_name, read_subject_alt_name
from pki.domain.errors import KeyRejected
from pki.domain.identifiers import ISSUED_SERIAL_LIMIT, ISSUED_SERIAL_MIN
from pki.domain.uzi import PassType

KEY_USAGE_BITS: Final = {
    KeyUsage.DIGITAL_SIGNATURE: der.KeyUsage.DIGITAL_SIGNATURE,
    KeyUsage.NON_REPUDIATION: der.KeyUsage.NON_REPUDIATION,
    KeyUsage.KEY_CERT_SIGN: der.KeyUsage.KEY_CERT_SIGN,
    KeyUsage.CRL_SIGN: der.KeyUsage.CRL_SIGN,
}
PURPOSE_OIDS: Final = {
    ExtendedKeyUsage.SERVER_AUTH: oids.EKU_SERVER_AUTH,
    ExtendedKeyUsage.CLIENT_AUTH: oids.EKU_CLIENT_AUTH,
    ExtendedKeyUsage.EMAIL_PROTECTION: oids.EKU_EMAIL_PROTECTION,
    ExtendedKeyUsage.OCSP_SIGNING: oids.EKU_OCSP_SIGNING,
    ExtendedKeyUsage.DOCUMENT_SIGNING: oids.EKU_DOCUMENT_SIGNING,
    ExtendedKeyUsage.SMARTCARD_LOGON: oids.EKU_SMARTCARD_LOGON,
}
_SHORTENED: Final = frozenset(
    {
        CertificateKind.LINK,
        CertificateKind.OCSP_RESPONDER,
        CertificateKind.TLS_SERVER,
        CertificateKind.TLS_CLIENT,
        CertificateKind.EVIDENCE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A certificate under a placeholder signature, its profile, and who would sign it."""

    certificate: Certificate
    profile: Profile
    issuer: Issuer

    @property
    def content(self) -> CertificateContent:
        """What the certificate says."""
        return self.certificate.content

    def value(self, oid: str) -> bytes | None:
        """The value of one extension."""
        found = self.certificate.extension(oid)
        return None if found is None else found.value


_Rule = Callable[[Subject], Iterator[str]]


def _serial(subject: Subject) -> Iterator[str]:
    if not ISSUED_SERIAL_MIN <= subject.content.serial.value < ISSUED_SERIAL_LIMIT:
        yield "serial number is not in [2^156, 2^159)"


def _self_issued(subject: Subject) -> Iterator[str]:
    same_name = subject.content.subject_der == subject.content.issuer_der
    same_key = subject.content.public_key == subject.issuer.public_key
    if same_name is not (subject.profile.kind in ROOT_KINDS):
        yield "a root or a link, and nothing else, has its issuer's name"
    if same_key is not (subject.profile.kind is CertificateKind.ROOT):
        yield "a root, and only a root, has its issuer's key"


def _subject_form(subject: Subject) -> Iterator[str]:
    rule = subject.profile.subject
    found = subject.certificate.subject.rdns
    if tuple(rdn.oid for rdn in found) != tuple(NAME_OIDS[name] for name in rule.order):
        yield "subject attributes are not those of the profile in its order"
        return
    for name, rdn in zip(rule.order, found, strict=True):
        if rdn.printable is not (name in PRINTABLE_FIELDS):
            yield f"subject {name.value} has another string type"
        if len(rdn.text) > UPPER_BOUNDS.get(name, len(rdn.text)):
            yield f"subject {name.value} is too long"
        if rdn.text != rule.fixed.get(name, rdn.text):
            yield f"subject {name.value} is not the profile's"


def _validity(subject: Subject) -> Iterator[str]:
    start, end = subject.content.not_before, subject.content.not_after
    wanted = subject.profile.validity.period.after(start)
    if not start < end:
        yield "notAfter is not after notBefore"
    if end > wanted or (end != wanted and subject.profile.kind not in _SHORTENED):
        yield "the validity period is not the profile's"
    window = subject.issuer.window
    if window is None:
        return
    # OldWithNew starts with the old root, before the new one that signs it (RFC 9810 4.4.1).
    begins = subject.profile.kind is CertificateKind.LINK or window.not_before <= start
    if not (begins and end <= window.not_after):
        yield "the validity period is not inside the CA's"


def _key(subject: Subject) -> Iterator[str]:
    rule = subject.profile.key
    try:
        check_key(
            subject.content.public_key, allowed=frozenset(rule.types), exponent=rule.rsa_exponent
        )
    except KeyRejected as error:
        yield error.message


def _subject_key_id(subject: Subject) -> Iterator[str]:
    if subject.certificate.subject_key_id != key_identifier(subject.content.public_key):
        yield "SKI is not SHA-1 of the key bits"


def _uzi_name(subject: Subject) -> Iterator[str]:
    value = subject.value(oids.SUBJECT_ALT_NAME)
    if value is None or subject.profile.extensions.alternative_name is not AlternativeName.UZI:
        return
    name = read_subject_alt_name(value).name
    if value != encode_subject_alt_name(name):
        yield "subjectAltName is not UPN first, then 2.5.5.5, and nothing else"
    if name.pass_type is not PassType.MEDEWERKER_OP_NAAM:
        yield "pass type is not N"
    numbers = subject.certificate.subject.values(NAME_OIDS[NameField.SERIAL_NUMBER])
    if [each.text for each in numbers] != [name.uzi_number.value]:
        yield "UZI number differs between subject and subjectAltName"


def _foreign_reader(subject: Subject) -> Iterator[str]:
    try:
        certificate = x509.load_der_x509_certificate(subject.certificate.der)
        count = len(certificate.extensions)
    except (ValueError, x509.DuplicateExtension):
        yield "a second, independent reader cannot read it"
        return
    theirs = (
        certificate.serial_number,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        count,
    )
    content = subject.content
    ours = (content.serial.value, content.not_before, content.not_after, len(content.extensions))
    if theirs != ours:
        yield "a second, independent reader reads something else"


CERTIFICATE_RULES: Final[tuple[tuple[str, _Rule], ...]] = (
    ("RFC 5280 4.1.2.2; first hexadecimal digit 1 to 7", _serial),
    ("RFC 5280 3.2; RFC 9810 4.4", _self_issued),
    ("RFC 5280 4.1.2.6 and A.1; CPS UZI-register 7.1", _subject_form),
    ("RFC 5280 4.1.2.5; RFC 9810 4.4.1", _validity),
    ("BR 6.1.5, 6.1.6 and 6.1.1.3", _key),
    ("RFC 5280 4.2.1.2", _subject_key_id),
    ("CPS UZI-register 7.1.5", _uzi_name),
    ("X.690; two readers agree", _foreign_reader),
)
