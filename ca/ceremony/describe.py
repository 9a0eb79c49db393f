"""Certificates and CRLs as labelled texts: what people read before they say Ja."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from ca.lint import PLACEHOLDER_SIGNATURE
from ca.rules.of_certificates import PURPOSE_OIDS
from pki.der.certificate import Certificate, read_certificate
from pki.der.crl import Crl
from pki.der.names import read_name
from pki.der.signed import assemble
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.journal import canonical_json

Fields = tuple[tuple[str, str], ...]

_VARY: Final = frozenset(
    {
        "Serial number",
        "Valid from",
        "Valid until",
        "Subject key identifier",
        "Authority key identifier",
        "This update",
        "Next update",
    }
)
_PURPOSES: Final = {oid: purpose.value for purpose, oid in PURPOSE_OIDS.items()}


def tbs_fields(tbs: bytes, algorithm: SignatureAlgorithm) -> Fields:
    """The fields of a certificate that is about to be signed."""
    return certificate_fields(read_certificate(assemble(tbs, algorithm, PLACEHOLDER_SIGNATURE)))


def certificate_fields(certificate: Certificate) -> Fields:
    """The fields of a certificate."""
    content = certificate.content
    return (
        ("Subject", read_name(content.subject_der).text(reverse=False)),
        ("Issuer", read_name(content.issuer_der).text(reverse=False)),
        ("Serial number", content.serial.hex),
        ("Valid from", _time(content.not_before)),
        ("Valid until", _time(content.not_after)),
        ("Signature", content.algorithm.value),
        *_extension_fields(certificate),
    )


def crl_fields(crl: Crl) -> Fields:
    """The fields of a CRL, each entry included."""
    return (
        ("Issuer", read_name(crl.issuer_der).text(reverse=False)),
        ("CRL number", str(crl.number)),
        ("This update", _time(crl.this_update)),
        ("Next update", _time(crl.next_update)),
        ("Signature", crl.algorithm.value),
        ("Revoked certificates", str(len(crl.entries))),
        *(
            (f"{serial:040x}", f"{_time(at)}, {'unspecified' if reason is None else reason.name}")
            for serial, (at, reason) in crl.entries.items()
        ),
    )


def shape(fields: Fields) -> str:
    """A digest of all that is the same whichever key and moment it is made with."""
    fixed = {name: value for name, value in fields if name not in _VARY}
    return hashlib.sha256(canonical_json(fixed)).hexdigest()


def _extension_fields(certificate: Certificate) -> Iterator[tuple[str, str]]:
    yield from _usage_fields(certificate)
    for policy in certificate.policies or ():
        yield "Policy", f"{policy.oid} {policy.cps_uri or ''}".strip()
    for url in certificate.crl_urls or ():
        yield "CRL", url
    info = certificate.authority_info
    for url in () if info is None else (*info.ocsp, *info.ca_issuers):
        yield "Authority information", url
    for name, value in (
        ("Subject key identifier", certificate.subject_key_id),
        ("Authority key identifier", certificate.authority_key_id),
    ):
        if value is not None:
            yield name, value.hex()


def _usage_fields(certificate: Certificate) -> Iterator[tuple[str, str]]:
    constraints = certificate.basic_constraints
    if constraints is not None:
        length = "" if constraints.path_length is None else f", path {constraints.path_length}"
        yield "Basic constraints", f"{'CA' if constraints.ca else 'no CA'}{length} (critical)"
    if certificate.key_usage is not None:
        usages = ", ".join(sorted(each.name for each in certificate.key_usage))
        yield "Key usage", f"{usages} (critical)"
    if certificate.extended_key_usage:
        purposes = (_PURPOSES.get(oid, oid) for oid in certificate.extended_key_usage)
        yield "Extended key usage", ", ".join(purposes)


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
