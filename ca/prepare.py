"""From a profile and a request to the bytes to be signed: linted, not signed, nothing recorded."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from ca.issuer import Issuer, subject_name
from ca.key_policy import check_key
from ca.lint import check_tbs
from ca.profile import AlternativeName, CertificateKind, ExtensionRule, NameField, Profile
from ca.rules.of_certificates import KEY_USAGE_BITS, PURPOSE_OIDS
from ca.serials import new_serial
from ca.validity import Window, window, within_issuer
from pki.der import extensions as x509
from pki.der import oids
from pki.der.certificate import CertificateContent, encode_tbs_certificate
from pki.der.extensions import Extension
from pki.der.spki import key_identifier
from pki.der.uzi_names import encode_subject_alt_name
from pki.domain.errors import KeyRejected, Malformed
from pki.domain.identifiers import SerialNumber
from pki.domain.uzi import UziName
from pki.ports import Entropy

_REMEMBERED: Final = 32
"""Extensions that a profile says alone are encoded once."""

_NEVER_SHORTENED: Final = frozenset(
    {CertificateKind.CARD, CertificateKind.MOBIEL, CertificateKind.ISSUING_CA}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the profile leaves open; ``public_key`` is DER and proven to be the asker's.

    ``window`` is the life of a link certificate, which follows from the two roots'. Nothing else
    of a certification request is ever used: names and extensions in a PKCS #10 are not read.
    """

    subject: dict[NameField, str] = field(default_factory=dict)
    public_key: bytes
    uzi_name: UziName | None = None
    hosts: tuple[str, ...] = ()
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A certificate that may be signed: its bytes are decided once, then recorded and signed.

    ``profile`` is ``<name>@<SHA-256 of its file>``; ``key_sha256`` the SHA-256 of the DER
    SubjectPublicKeyInfo.
    """

    serial: SerialNumber
    tbs: bytes
    profile: str
    not_before: datetime
    not_after: datetime
    key_sha256: bytes


def prepare(
    request: Request, *, profile: Profile, issuer: Issuer, now: datetime, entropy: Entropy
) -> Prepared:
    """Build the certificate and lint it under a placeholder signature.

    Raises:
        KeyRejected: the public key is weak or of a kind that the profile does not allow.
        Malformed: not what the profile leaves open, or text that cannot be written.
        Refused: the issuer is not valid now, or ends too soon (ISSUING_STOPPED).
        ConfigurationInvalid: this issuer does not issue this profile.
        LintFailed: the bytes break a rule; nothing may be signed.
    """
    issuer.refuse_unless_issues(profile)
    check_key(
        request.public_key, allowed=frozenset(profile.key.types), exponent=profile.key.rsa_exponent
    )
    if issuer.window is not None and request.public_key == issuer.public_key:
        raise KeyRejected(
            rule="issuer's own key", message="a CA does not certify its own key again"
        )
    validity = _validity(request, profile, issuer, now)
    serial = new_serial(entropy)
    content = CertificateContent(
        serial=serial,
        issuer_der=issuer.name_der,
        subject_der=subject_name(profile.subject, request.subject).der,
        not_before=validity.not_before,
        not_after=validity.not_after,
        public_key=request.public_key,
        algorithm=issuer.algorithm,
        extensions=tuple(_extensions(request, profile, issuer, serial)),
    )
    tbs = encode_tbs_certificate(content)
    check_tbs(tbs, profile=profile, issuer=issuer)
    return Prepared(
        serial=content.serial,
        tbs=tbs,
        profile=profile.digest,
        not_before=content.not_before,
        not_after=content.not_after,
        key_sha256=hashlib.sha256(request.public_key).digest(),
    )


def _validity(request: Request, profile: Profile, issuer: Issuer, now: datetime) -> Window:
    if (request.window is None) is (profile.kind is CertificateKind.LINK):
        raise Malformed(what="request", message="a link, and nothing else, is given its life")
    if request.window is not None:
        return request.window
    rule = profile.validity
    wanted = window(now=now, period=rule.period, backdate_seconds=rule.backdate_seconds)
    if issuer.window is None:
        return wanted
    shorten = profile.kind not in _NEVER_SHORTENED
    return within_issuer(wanted, issuer=issuer.window, may_shorten=shorten)


def _extensions(
    request: Request, profile: Profile, issuer: Issuer, serial: SerialNumber
) -> Iterator[Extension]:
    """In the order in which RFC 5280 4.2 describes them."""
    rule = profile.extensions
    if issuer.window is not None:
        # A root that signs itself has none (RFC 5280 4.2.1.1).
        yield _plain(oids.AUTHORITY_KEY_ID, x509.authority_key_id(issuer.key_id))
    yield _plain(oids.SUBJECT_KEY_ID, x509.subject_key_id(key_identifier(request.public_key)))
    yield from _usage_and_policies(rule)
    if rule.alternative_name is not AlternativeName.NONE:
        yield _plain(oids.SUBJECT_ALT_NAME, _alternative_name(request, rule.alternative_name))
    constraints = x509.BasicConstraints(ca=rule.ca, path_length=rule.path_length)
    yield Extension(
        oid=oids.BASIC_CONSTRAINTS, critical=True, value=x509.basic_constraints(constraints)
    )
    if rule.extended_key_usage:
        purposes = [PURPOSE_OIDS[each] for each in rule.extended_key_usage]
        yield _plain(oids.EXTENDED_KEY_USAGE, x509.extended_key_usage(purposes))
    yield from _addresses(rule, rule.crl_urls(serial), rule.delta_urls(serial))
    if rule.ocsp_nocheck:
        yield _plain(oids.OCSP_NO_CHECK, x509.NO_CHECK)


@lru_cache(maxsize=_REMEMBERED)
def _usage_and_policies(rule: ExtensionRule) -> tuple[Extension, ...]:
    bits = [KEY_USAGE_BITS[each] for each in rule.key_usage]
    usage = Extension(oid=oids.KEY_USAGE, critical=True, value=x509.key_usage(bits))
    if not rule.policies:
        return (usage,)
    policies = [
        x509.Policy(oid=each.oid, cps_uri=each.cps, notice=each.notice) for each in rule.policies
    ]
    return usage, _plain(oids.CERTIFICATE_POLICIES, x509.certificate_policies(policies))


@lru_cache(maxsize=_REMEMBERED)
def _addresses(
    rule: ExtensionRule, crl_urls: tuple[str, ...], delta_urls: tuple[str, ...]
) -> tuple[Extension, ...]:
    points: tuple[Extension, ...] = ()
    if crl_urls:
        points = (_plain(oids.CRL_DISTRIBUTION_POINTS, x509.crl_distribution_points(crl_urls)),)
    if delta_urls:
        freshest = x509.crl_distribution_points(delta_urls)
        points = (*points, _plain(oids.FRESHEST_CRL, freshest))
    info = x509.AuthorityInfo(
        ocsp=() if rule.ocsp_url is None else (rule.ocsp_url,),
        ca_issuers=() if rule.ca_issuers_url is None else (rule.ca_issuers_url,),
    )
    if not (info.ocsp or info.ca_issuers):
        return points
    return *points, _plain(oids.AUTHORITY_INFO_ACCESS, x509.authority_info_access(info))


def _alternative_name(request: Request, form: AlternativeName) -> bytes:
    if form is AlternativeName.UZI:
        if request.uzi_name is None:
            raise Malformed(what="request", message="a card needs a UZI name")
        return encode_subject_alt_name(request.uzi_name)
    if not request.hosts:
        raise Malformed(what="request", message="a TLS server needs a DNS name or an address")
    return x509.subject_hosts(request.hosts)


def _plain(oid: str, value: bytes) -> Extension:
    return Extension(oid=oid, critical=False, value=value)
