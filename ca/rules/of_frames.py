"""What all certificates of a profile by one issuer share: rules over that, judged once for all.

A rule here is given a `Frame` and nothing else, so its verdict holds for every certificate with the
same one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ca.issuer import Issuer
from ca.profile import CA_KINDS, AlternativeName, CertificateKind, Profile
from ca.rules.of_certificates import KEY_USAGE_BITS, PURPOSE_OIDS, Subject
from pki.der import extension_values, oids
from pki.der import extensions as der
from pki.der.extensions import Extension
from pki.domain.algorithms import SignatureAlgorithm

_CRITICAL: Final = frozenset({oids.KEY_USAGE, oids.BASIC_CONSTRAINTS})
_OWN: Final = frozenset({oids.SUBJECT_KEY_ID, oids.SUBJECT_ALT_NAME})
"""Extensions whose values no two certificates share; the rules over certificates read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """``extensions`` are all of them, in order; the values of a certificate's own are left out.

    ``crl_urls`` and ``delta_urls`` are those that the profile wants for its serial.
    """

    profile: Profile
    issuer: Issuer
    algorithm: SignatureAlgorithm
    issuer_der: bytes
    extensions: tuple[Extension, ...]
    crl_urls: tuple[str, ...]
    delta_urls: tuple[str, ...]

    def __hash__(self) -> int:
        """Of what tells frames apart; all of them are compared in full."""
        return hash((self.profile.sha256, self.issuer_der, self.crl_urls, len(self.extensions)))

    @classmethod
    def of(cls, subject: Subject) -> "Frame":
        """What this certificate shares with others."""
        content, rule = subject.content, subject.profile.extensions
        return cls(
            profile=subject.profile,
            issuer=subject.issuer,
            algorithm=content.algorithm,
            issuer_der=content.issuer_der,
            extensions=tuple(_without_own(each) for each in content.extensions),
            crl_urls=rule.crl_urls(content.serial),
            delta_urls=rule.delta_urls(content.serial),
        )

    def value(self, oid: str) -> bytes | None:
        """The value of one extension."""
        return next((each.value for each in self.extensions if each.oid == oid), None)


_Rule = Callable[[Frame], Iterator[str]]


def _without_own(extension: Extension) -> Extension:
    if extension.oid not in _OWN:
        return extension
    return Extension(oid=extension.oid, critical=extension.critical, value=b"")


def _algorithm(frame: Frame) -> Iterator[str]:
    if frame.algorithm is not frame.issuer.algorithm or (
        frame.algorithm not in frame.profile.signatures
    ):
        yield "signature algorithm is not the issuing key's, or not one of the profile"


def _issuer_name(frame: Frame) -> Iterator[str]:
    if frame.issuer_der != frame.issuer.name_der:
        yield "issuer is not the CA's subject, byte for byte"


def _extension_set(frame: Frame) -> Iterator[str]:
    rule = frame.profile.extensions
    is_there = {
        oids.SUBJECT_KEY_ID: True,
        oids.KEY_USAGE: True,
        oids.BASIC_CONSTRAINTS: True,
        oids.AUTHORITY_KEY_ID: frame.profile.kind is not CertificateKind.ROOT,
        oids.EXTENDED_KEY_USAGE: bool(rule.extended_key_usage),
        oids.SUBJECT_ALT_NAME: rule.alternative_name is not AlternativeName.NONE,
        oids.CERTIFICATE_POLICIES: bool(rule.policies),
        oids.AUTHORITY_INFO_ACCESS: bool(rule.ocsp_url or rule.ca_issuers_url),
        oids.CRL_DISTRIBUTION_POINTS: bool(rule.crl_url),
        oids.FRESHEST_CRL: bool(rule.crl_url) and rule.crl_deltas,
        oids.OCSP_NO_CHECK: rule.ocsp_nocheck,
    }
    wanted = {oid for oid, there in is_there.items() if there}
    # The reader has refused an extension that stands twice.
    found = [each.oid for each in frame.extensions]
    for oid in sorted(wanted.symmetric_difference(found)):
        yield f"extension {oid} is missing, or not of the profile"


def _critical(frame: Frame) -> Iterator[str]:
    for each in frame.extensions:
        if each.critical is not (each.oid in _CRITICAL):
            yield f"extension {each.oid} has another criticality"


def _basic_constraints(frame: Frame) -> Iterator[str]:
    rule = frame.profile.extensions
    wanted = der.BasicConstraints(ca=rule.ca, path_length=rule.path_length)
    value = frame.value(oids.BASIC_CONSTRAINTS)
    if value is None or extension_values.read_basic_constraints(value) != wanted:
        yield "basicConstraints are not the profile's"
    if not rule.ca and value != b"\x30\x00":
        yield "basicConstraints of an end entity are not 30 00"


def _key_usage(frame: Frame) -> Iterator[str]:
    wanted = {KEY_USAGE_BITS[each] for each in frame.profile.extensions.key_usage}
    value = frame.value(oids.KEY_USAGE)
    found = frozenset() if value is None else extension_values.read_key_usage(value)
    if found != wanted:
        yield "keyUsage is not the profile's"
    if (der.KeyUsage.KEY_CERT_SIGN in found) is not (frame.profile.kind in CA_KINDS):
        yield "keyCertSign and kind do not agree"


def _purposes(frame: Frame) -> Iterator[str]:
    value = frame.value(oids.EXTENDED_KEY_USAGE)
    found = () if value is None else extension_values.read_extended_key_usage(value)
    if found != tuple(PURPOSE_OIDS[each] for each in frame.profile.extensions.extended_key_usage):
        yield "extKeyUsage is not the profile's"
    is_ca = frame.profile.kind in CA_KINDS
    is_responder = frame.profile.kind is CertificateKind.OCSP_RESPONDER
    if oids.EKU_OCSP_SIGNING in found and not (is_responder or is_ca):
        yield "OCSPSigning in a certificate that is no responder's"


def _no_check(frame: Frame) -> Iterator[str]:
    if frame.value(oids.OCSP_NO_CHECK) not in {None, der.NO_CHECK}:
        yield "ocsp-nocheck is not NULL"


def _authority_key_id(frame: Frame) -> Iterator[str]:
    # Comparing the whole value proves that it is the key identifier alone; a root has none.
    wanted = der.authority_key_id(frame.issuer.key_id)
    if frame.value(oids.AUTHORITY_KEY_ID) not in {wanted, None}:
        yield "AKI is not the CA's SKI, alone"


def _addresses(frame: Frame) -> Iterator[str]:
    rule = frame.profile.extensions
    value = frame.value(oids.AUTHORITY_INFO_ACCESS)
    info = (
        der.AuthorityInfo() if value is None else extension_values.read_authority_info_access(value)
    )
    found = (
        info.ocsp,
        info.ca_issuers,
        _points(frame, oids.CRL_DISTRIBUTION_POINTS),
        _points(frame, oids.FRESHEST_CRL),
    )
    wanted = (
        tuple(filter(None, [rule.ocsp_url])),
        tuple(filter(None, [rule.ca_issuers_url])),
        frame.crl_urls,
        frame.delta_urls,
    )
    if found != wanted:
        yield "addresses of OCSP, CRL, delta CRL or issuer are not the profile's"


def _points(frame: Frame, oid: str) -> tuple[str, ...]:
    value = frame.value(oid)
    return () if value is None else extension_values.read_crl_distribution_points(value)


def _policies(frame: Frame) -> Iterator[str]:
    wanted = tuple(
        der.Policy(oid=each.oid, cps_uri=each.cps, notice=each.notice)
        for each in frame.profile.extensions.policies
    )
    value = frame.value(oids.CERTIFICATE_POLICIES)
    found = () if value is None else extension_values.read_certificate_policies(value)
    if found != wanted:
        yield "certificatePolicies are not the profile's"


FRAME_RULES: Final[tuple[tuple[str, _Rule], ...]] = (
    ("RFC 5280 4.1.1.2 and 4.1.2.3", _algorithm),
    ("RFC 5280 4.1.2.4 and 7.1", _issuer_name),
    ("RFC 5280 4.2", _extension_set),
    ("RFC 5280 4.2.1", _critical),
    ("RFC 5280 4.2.1.9; X.690 11.5", _basic_constraints),
    ("RFC 5280 4.2.1.3", _key_usage),
    ("RFC 5280 4.2.1.12; RFC 6960 4.2.2.2", _purposes),
    ("RFC 6960 4.2.2.2.1", _no_check),
    ("RFC 5280 4.2.1.1", _authority_key_id),
    ("RFC 5280 4.2.1.13, 4.2.1.15 and 4.2.2.1", _addresses),
    ("RFC 5280 4.2.1.4", _policies),
)
