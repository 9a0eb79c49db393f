"""Certificates, byte for byte beside those that cryptography builds."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from made.certificate_samples import certificate_contents
from made.der_samples import KEY, SPKI, few, foreign_name
from pki.der import codec, extensions, oids
from pki.der.certificate import (
    Certificate,
    CertificateContent,
    encode_tbs_certificate,
    read_certificate,
    read_subject,
)
from pki.der.extensions import AuthorityInfo, BasicConstraints, Extension, KeyUsage, Policy
from pki.der.names import Attribute, DistinguishedName
from pki.der.signed import assemble
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber

Sample = tuple[CertificateContent, list[x509.ExtensionType], DistinguishedName, DistinguishedName]

NAME = DistinguishedName.of(Attribute(oid=oids.COMMON_NAME, text="x"))
CONSTRAINTS = Extension(
    oid=oids.BASIC_CONSTRAINTS,
    critical=True,
    value=extensions.basic_constraints(BasicConstraints(ca=False)),
)


def signed(tbs: bytes) -> bytes:
    return assemble(tbs, SignatureAlgorithm.ECDSA_SHA256, b"signature")


def certificate_with(*listed: Extension) -> Certificate:
    content = CertificateContent(
        serial=SerialNumber(1),
        issuer_der=NAME.der,
        subject_der=NAME.der,
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2050, 1, 1, tzinfo=UTC),
        public_key=SPKI,
        algorithm=SignatureAlgorithm.ECDSA_SHA256,
        extensions=(CONSTRAINTS, *listed),
    )
    return read_certificate(signed(encode_tbs_certificate(content)))


@few
@given(certificate_contents())
def test_certificates_come_back(sample: Sample) -> None:
    content = sample[0]
    tbs = encode_tbs_certificate(content)
    der = signed(tbs)
    certificate = read_certificate(der)
    assert certificate.content == content
    assert (certificate.tbs, certificate.signature, certificate.der) == (tbs, b"signature", der)
    assert read_subject(der) == content.subject_der


@few
@given(certificate_contents())
def test_bytes_to_be_signed_equal_those_of_another_library(sample: Sample) -> None:
    content, foreign, issuer, subject = sample
    builder = x509.CertificateBuilder(
        issuer_name=foreign_name(issuer),
        subject_name=foreign_name(subject),
        public_key=KEY.public_key(),
        serial_number=content.serial.value,
        not_valid_before=content.not_before,
        not_valid_after=content.not_after,
    )
    for ours, theirs in zip(content.extensions, foreign, strict=True):
        builder = builder.add_extension(theirs, critical=ours.critical)
    certificate = builder.sign(KEY, hashes.SHA256())
    assert encode_tbs_certificate(content) == certificate.tbs_certificate_bytes


def test_what_is_absent_is_none() -> None:
    certificate = certificate_with()
    assert certificate.key_usage is None
    assert certificate.extended_key_usage is None
    assert certificate.policies is None
    assert certificate.authority_info is None
    assert certificate.crl_urls is None
    assert certificate.authority_key_id is None
    assert certificate.subject_key_id is None
    assert certificate.extension(oids.SUBJECT_ALT_NAME) is None
    assert certificate.basic_constraints == BasicConstraints(ca=False)


def test_what_is_present_is_read() -> None:
    policy = Policy(oid="1.2.3", cps_uri="http://cps.example/", notice="Niet voor iedereen")
    info = AuthorityInfo(ocsp=("http://o.example/",), ca_issuers=("http://i.example/",))
    values = {
        oids.KEY_USAGE: extensions.key_usage([KeyUsage.DIGITAL_SIGNATURE]),
        oids.EXTENDED_KEY_USAGE: extensions.extended_key_usage([oids.EKU_CLIENT_AUTH]),
        oids.CERTIFICATE_POLICIES: extensions.certificate_policies([policy]),
        oids.AUTHORITY_INFO_ACCESS: extensions.authority_info_access(info),
        oids.CRL_DISTRIBUTION_POINTS: extensions.crl_distribution_points(["http://c.example/"]),
        oids.AUTHORITY_KEY_ID: extensions.authority_key_id(b"authority"),
        oids.SUBJECT_KEY_ID: extensions.subject_key_id(b"subject"),
    }
    certificate = certificate_with(
        *(Extension(oid=oid, critical=False, value=value) for oid, value in values.items())
    )
    assert certificate.key_usage == frozenset({KeyUsage.DIGITAL_SIGNATURE})
    assert certificate.extended_key_usage == (oids.EKU_CLIENT_AUTH,)
    assert certificate.policies == (policy,)
    assert certificate.authority_info == info
    assert certificate.crl_urls == ("http://c.example/",)
    assert certificate.authority_key_id == b"authority"
    assert certificate.subject_key_id == b"subject"
    assert certificate.subject == certificate.issuer == NAME


def body(**changed: bytes) -> bytes:
    parts = {
        "version": codec.explicit(0, codec.integer(2)),
        "serial": codec.integer(5),
        "algorithm": codec.sequence(codec.oid(oids.ECDSA_WITH_SHA256)),
        "issuer": NAME.der,
        "validity": codec.sequence(codec.time(START), codec.time(START)),
        "subject": NAME.der,
        "key": SPKI,
        "extensions": codec.explicit(3, extensions.encode_extensions([CONSTRAINTS])),
    }
    return codec.sequence(*(parts | changed).values())


START = datetime(2026, 1, 1, tzinfo=UTC)
EXPLICIT_FALSE = codec.sequence(codec.oid("1.2.3"), b"\x01\x01\x00", codec.octet_string(b""))


def test_the_plain_body_is_accepted() -> None:
    assert read_certificate(signed(body())).content.serial == SerialNumber(5)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"version": b""}, "not version 3"),
        ({"version": codec.explicit(0, codec.integer(1))}, "not version 3"),
        ({"serial": codec.integer(0)}, "serial number must be"),
        ({"serial": codec.integer(-1)}, "serial number must be"),
        ({"serial": codec.integer(1 << 159)}, "serial number must be"),
        ({"algorithm": codec.sequence(codec.oid(oids.ED25519))}, "two signature algorithms"),
        ({"validity": codec.sequence(codec.time(START))}, "too early"),
        ({"subject": NAME.der + b"\x81\x01\x00"}, "tag 0x81"),
        ({"key": SPKI + b"\x82\x01\x00"}, "tag 0x82"),
        ({"extensions": b""}, "too early"),
        ({"extensions": codec.explicit(3, codec.sequence())}, "empty list"),
        (
            {"extensions": codec.explicit(3, extensions.encode_extensions([CONSTRAINTS] * 2))},
            "twice",
        ),
        ({"extensions": codec.explicit(3, codec.sequence(EXPLICIT_FALSE))}, "explicit FALSE"),
    ],
)
def test_other_certificates_are_malformed(changed: dict[str, bytes], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read_certificate(signed(body(**changed)))


def test_a_certificate_of_unlikely_size_is_refused() -> None:
    with pytest.raises(Malformed, match="more than"):
        read_certificate(signed(body(subject=codec.sequence(bytes(1 << 16)))))


@pytest.mark.parametrize(
    "octets", [b"", b"\x30\x00", b"\x30\x02\x30\x00", signed(body())[:-1], NAME.der]
)
def test_a_subject_is_read_of_a_certificate_alone(octets: bytes) -> None:
    with pytest.raises(Malformed):
        read_subject(octets)


@given(st.binary(max_size=80))
def test_any_octets_have_a_subject_or_are_malformed(octets: bytes) -> None:
    with suppress(Malformed):
        read_subject(octets)
