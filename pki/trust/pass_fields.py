"""What a pass's certificate says, rule by rule (CPS UZI-register 10.3, 7.1)."""

from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from pki.der import oids
from pki.der.names import DistinguishedName, read_name
from pki.der.uzi_names import read_subject_alt_name
from pki.domain.errors import Malformed, Refused
from pki.domain.people import PersonName
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType, UziName
from pki.trust.path import Issuer

_WRONG_TYPE: Final = {
    PassType.ZORGVERLENER: RefusalReason.PASS_IS_ZORGVERLENER,
    PassType.MEDEWERKER_NIET_OP_NAAM: RefusalReason.PASS_NOT_ON_NAME,
    PassType.SERVER: RefusalReason.PASS_IS_SERVER,
}


def require_person_issuer(issuer: Issuer) -> None:
    """Refuse what a CA for servers signed: it is no pass, whatever it says.

    Raises:
        Refused: PASS_IS_SERVER.
    """
    if issuer.pass_type is PassType.SERVER:
        raise _refused(RefusalReason.PASS_IS_SERVER, "issued by a CA for servers")


def require_authenticity(certificate: x509.Certificate, issuer: Issuer) -> None:
    """Refuse every certificate of a pass but the one for authentication.

    keyUsage is critical and exactly digitalSignature, extKeyUsage holds clientAuth, and one policy
    is an authenticity policy of the issuing CA (CPS 7.1.2, 7.1.6).

    Raises:
        Refused: PASS_NOT_AUTHENTICITY.
    """
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        policies = extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        raise _not_authenticity("key usage, purpose or policy is missing") from None
    if not usage.critical or usage.value != _DIGITAL_SIGNATURE:
        raise _not_authenticity("key usage is not digitalSignature alone")
    if ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise _not_authenticity("not for client authentication")
    if issuer.policies.isdisjoint(each.policy_identifier.dotted_string for each in policies):
        raise _not_authenticity("no authenticity policy")
    if _says_ca(extensions):
        raise _not_authenticity("it is a CA certificate")


def uzi_name_of(certificate: x509.Certificate, issuer: Issuer) -> UziName:
    """The UZI name in the subjectAltName; its pass type and OID CA are those of the issuing CA.

    Raises:
        Refused: PASS_NAME_INVALID.
    """
    try:
        extension = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        )
        name = read_subject_alt_name(extension.value.public_bytes()).name
    except x509.ExtensionNotFound:
        raise _bad_name("there is no subjectAltName") from None
    except Malformed as error:
        raise _bad_name(error.message) from None
    if name.pass_type is not issuer.pass_type:
        raise _bad_name("its pass type is not the one its CA issues")
    if name.oid_ca != issuer.oid_ca:
        raise _bad_name("its OID CA is not the one of its CA")
    return name


def require_on_name(name: UziName) -> None:
    """Refuse every type of pass but N; only employees make a card.

    Raises:
        Refused: PASS_IS_ZORGVERLENER, PASS_NOT_ON_NAME or PASS_IS_SERVER.
    """
    if name.pass_type in _WRONG_TYPE:
        raise _refused(
            _WRONG_TYPE[name.pass_type], f"a pass of type {name.pass_type.value} makes no card"
        )


def require_person(name: UziName) -> None:
    """Refuse a pass that is in nobody's name.

    Raises:
        Refused: PASS_NOT_ON_NAME or PASS_IS_SERVER.
    """
    if name.pass_type is not PassType.ZORGVERLENER:
        require_on_name(name)


def subject_of(certificate: x509.Certificate, name: UziName) -> tuple[PersonName, str]:
    """Names and organisation from the subject; its number must be that of the UZI name.

    Each attribute stands there once: serialNumber as PrintableString, the others as UTF8String.

    Raises:
        Refused: PASS_NAME_INVALID.
    """
    try:
        subject = read_name(certificate.subject.public_bytes())
    except Malformed as error:
        raise _bad_name(error.message) from None
    if _text(subject, oids.SERIAL_NUMBER, printable=True) != name.uzi_number.value:
        raise _bad_name("the subject's serialNumber is not the UZI number")
    holder = PersonName(
        surname=_text(subject, oids.SURNAME),
        given_names=_text(subject, oids.GIVEN_NAME),
        common_name=_text(subject, oids.COMMON_NAME),
    )
    return holder, _text(subject, oids.ORGANISATION)


def _text(subject: DistinguishedName, oid: str, *, printable: bool = False) -> str:
    values = subject.values(oid)
    if len(values) != 1:
        raise _bad_name(f"subject attribute {oid} is missing or repeated")
    if values[0].printable is not printable:
        raise _bad_name(f"subject attribute {oid} has the wrong string type")
    return values[0].text


_DIGITAL_SIGNATURE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _says_ca(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _refused(reason: RefusalReason, why: str) -> Refused:
    return Refused(reason=reason, message=f"the pass is refused: {why}")


def _not_authenticity(why: str) -> Refused:
    return _refused(RefusalReason.PASS_NOT_AUTHENTICITY, why)


def _bad_name(why: str) -> Refused:
    return _refused(RefusalReason.PASS_NAME_INVALID, why)
