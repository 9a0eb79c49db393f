"""CRLs, byte for byte beside those that cryptography builds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import (
    FOREIGN_REASONS,
    KEY,
    crl_contents,
    few,
    issued_serials,
    moments,
    reasons,
    serials,
    whole_moments,
)
from pki.der import codec, extensions, oids
from pki.der.crl import (
    CrlContent,
    Entry,
    encode_entry,
    encode_tbs_crl,
    read_crl,
)
from pki.der.extensions import Extension
from pki.der.names import Attribute, DistinguishedName
from pki.der.signed import assemble
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason

Sample = tuple[CrlContent, Mapping[SerialNumber, Entry]]
AT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
NAME = DistinguishedName.of(Attribute(oid=oids.COMMON_NAME, text="x"))


def signed(tbs: bytes) -> bytes:
    return assemble(tbs, SignatureAlgorithm.ECDSA_SHA256, b"signature")


@few
@given(crl_contents())
def test_crls_come_back(sample: Sample) -> None:
    content, entries = sample
    tbs = encode_tbs_crl(content)
    crl = read_crl(signed(tbs))
    assert crl.entries == {serial.value: entry for serial, entry in entries.items()}
    assert (crl.tbs, crl.signature, crl.algorithm) == (tbs, b"signature", content.algorithm)
    assert crl.issuer_der == content.issuer_der
    assert (crl.this_update, crl.next_update) == (content.this_update, content.next_update)
    assert crl.number == content.number
    assert crl.authority_key_id == content.authority_key_id
    assert crl.expired_certs_on_crl == content.expired_certs_on_crl


def foreign_entry(serial: SerialNumber, entry: Entry) -> x509.RevokedCertificate:
    revoked_at, reason = entry
    builder = x509.RevokedCertificateBuilder(serial.value, revoked_at)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(FOREIGN_REASONS[reason]), critical=False)
    return builder.build()


@few
@given(crl_contents())
def test_bytes_to_be_signed_equal_those_of_another_library(sample: Sample) -> None:
    content, entries = sample
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([]))
        .last_update(content.this_update)
        .next_update(content.next_update)
        .add_extension(
            x509.AuthorityKeyIdentifier(content.authority_key_id, None, None), critical=False
        )
        .add_extension(x509.CRLNumber(content.number), critical=False)
    )
    if content.expired_certs_on_crl is not None:
        value = codec.generalized_time(content.expired_certs_on_crl)
        oid = x509.ObjectIdentifier(oids.EXPIRED_CERTS_ON_CRL)
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
    for serial, entry in entries.items():
        builder = builder.add_revoked_certificate(foreign_entry(serial, entry))
    theirs = builder.sign(KEY, hashes.SHA256()).tbs_certlist_bytes
    assert encode_tbs_crl(replace(content, issuer_der=codec.sequence())) == theirs


@given(serials, moments, reasons)
def test_fractions_of_seconds_are_cut_off(
    serial: SerialNumber, at: datetime, reason: RevocationReason | None
) -> None:
    assert encode_entry(serial, at, reason) == encode_entry(
        serial, at.replace(microsecond=0), reason
    )


def content_of(*entries: bytes, number: int = 1) -> CrlContent:
    return CrlContent(
        issuer_der=NAME.der,
        algorithm=SignatureAlgorithm.ECDSA_SHA256,
        this_update=AT,
        next_update=AT,
        number=number,
        authority_key_id=b"k" * 20,
        entries=iter(entries),
    )


def test_an_empty_crl_has_no_list() -> None:
    body = codec.outermost(encode_tbs_crl(content_of()), "sample", 1000)
    tags = []
    while body.tag() >= 0:
        tags.append(body.tag())
        body.element()
    assert tags == [0x02, 0x30, 0x30, 0x17, 0x17, 0xA0]


@pytest.mark.parametrize("number", [-1, 1 << 159])
def test_numbers_fit_in_twenty_octets(number: int) -> None:
    with pytest.raises(Malformed, match="CRL number"):
        encode_tbs_crl(content_of(number=number))


def listed(extension: Extension) -> bytes:
    return codec.sequence(
        codec.integer(7), codec.time(AT), extensions.encode_extensions([extension])
    )


def reason_code(code: int) -> Extension:
    value = codec.integer(code, codec.ENUMERATED)
    return Extension(oid=oids.CRL_REASON, critical=False, value=value)


@pytest.mark.parametrize("code", [0, 10])
def test_codes_that_say_nothing_more_are_read_as_no_reason(code: int) -> None:
    crl = read_crl(signed(encode_tbs_crl(content_of(listed(reason_code(code))))))
    assert crl.entries == {7: (AT, None)}


def test_invalidity_dates_are_passed_over() -> None:
    invalid_since = Extension(oid="2.5.29.24", critical=False, value=codec.generalized_time(AT))
    crl = read_crl(signed(encode_tbs_crl(content_of(listed(invalid_since)))))
    assert crl.entries == {7: (AT, None)}


@few
@given(st.dictionaries(issued_serials, st.tuples(whole_moments, reasons), min_size=1, max_size=8))
def test_entries_of_our_form_are_read_as_any_others(
    listed_entries: dict[SerialNumber, Entry],
) -> None:
    encoded = [encode_entry(serial, *entry) for serial, entry in listed_entries.items()]
    expected = {serial.value: entry for serial, entry in listed_entries.items()}
    assert read_crl(signed(encode_tbs_crl(content_of(*encoded)))).entries == expected
    # A short serial number sends the whole list the general way.
    mixed = read_crl(signed(encode_tbs_crl(content_of(*encoded, ENTRY)))).entries
    assert mixed == expected | {7: (AT, None)}


ISSUED = encode_entry(SerialNumber(1 << 158), AT, RevocationReason.SUPERSEDED)


@pytest.mark.parametrize(
    "encoded",
    [
        ISSUED * 2,
        ISSUED.replace(b"261122100000Z", b"261322100000Z"),
        ISSUED.replace(b"261122100000Z", b"2611221000000"),
        ISSUED[:-1] + b"\x07",
        ISSUED[:-1] + b"\x08",
        ISSUED[:1] + b"\x32" + ISSUED[2:],
        ISSUED[:1] + b"\x25" + ISSUED[2:],
        ISSUED + b"\x30",
        b"\x05\x00" + ISSUED,
    ],
    ids=["twice", "month 13", "no Z", "7", "8", "short", "no room", "more", "something else"],
)
def test_broken_entries_of_our_form_are_malformed(encoded: bytes) -> None:
    with pytest.raises(Malformed):
        read_crl(signed(encode_tbs_crl(content_of(encoded))))


ENTRY = encode_entry(SerialNumber(7), AT, None)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([ENTRY, ENTRY], "twice"),
        ([listed(reason_code(7))], "cannot have"),
        ([listed(reason_code(8))], "cannot have"),
        ([listed(reason_code(11))], "cannot have"),
        ([listed(Extension(oid="2.5.29.29", critical=True, value=b""))], "critical"),
        ([listed(Extension(oid=oids.CRL_REASON, critical=False, value=b"\x02\x01\x01"))], "tag"),
        ([codec.sequence(codec.integer(7))], "too early"),
        ([codec.sequence(codec.integer(7), codec.time(AT), codec.NULL)], "tag 0x05"),
        ([codec.sequence(codec.integer(7), codec.time(AT), codec.sequence())], "empty list"),
        (
            [listed(Extension(oid="1.2.3", critical=False, value=bytes(1 << 15)))],
            "more than 16384 octets",
        ),
    ],
)
def test_other_entries_are_malformed(entries: list[bytes], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read_crl(signed(encode_tbs_crl(content_of(*entries))))


def extension(oid: str, value: bytes, *, critical: bool = False) -> Extension:
    return Extension(oid=oid, critical=critical, value=value)


NUMBER = extension(oids.CRL_NUMBER, codec.integer(1))


def body(*tail: Extension, **changed: bytes) -> bytes:
    parts = {
        "version": codec.integer(1),
        "algorithm": codec.sequence(codec.oid(oids.ECDSA_WITH_SHA256)),
        "issuer": NAME.der,
        "this": codec.time(AT),
        "next": codec.time(AT),
        "extensions": codec.explicit(0, extensions.encode_extensions([NUMBER, *tail])),
    }
    return signed(codec.sequence(*(parts | changed).values()))


POINT = extensions.issuing_distribution_point("http://crl.example/part-3.crl")


def test_an_authority_key_identifier_may_be_missing() -> None:
    crl = read_crl(body())
    assert crl.authority_key_id is None
    assert crl.expired_certs_on_crl is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"version": b""}, "unexpected element"),
        ({"version": codec.integer(0)}, "not version 2"),
        ({"algorithm": codec.sequence(codec.oid(oids.ED25519))}, "two signature algorithms"),
        ({"next": b""}, "unexpected element"),
        ({"extensions": b""}, "too early"),
        ({"next": codec.time(AT) + codec.NULL}, "unexpected element"),
    ],
)
def test_other_crls_are_malformed(changed: dict[str, bytes], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read_crl(body(**changed))


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (extension("2.5.29.27", codec.integer(1), critical=True), "not understood"),
        (extension("2.5.29.28", codec.sequence(), critical=True), "no full name"),
        (extension(oids.ISSUING_DISTRIBUTION_POINT, POINT), "not understood"),
        (extension(oids.ISSUING_DISTRIBUTION_POINT, POINT, critical=True), "not understood"),
        (extension("1.2.3", b"", critical=True), "not understood"),
        (NUMBER, "twice"),
        (extension(oids.EXPIRED_CERTS_ON_CRL, codec.time(AT)), "unexpected element"),
    ],
    ids=[
        "delta",
        "partial by what is not said",
        "partial and not critical",
        "partial",
        "unknown",
        "two numbers",
        "wrong time",
    ],
)
def test_other_extensions_are_malformed(tail: Extension, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read_crl(body(tail))


@pytest.mark.parametrize(
    "listed_extension",
    [
        extension("1.2.3", b""),
        extension(oids.CRL_NUMBER, codec.integer(-1)),
        extension(oids.CRL_NUMBER, codec.integer(1 << 159)),
    ],
    ids=["none", "negative", "too long"],
)
def test_a_crl_has_a_number_of_at_most_twenty_octets(listed_extension: Extension) -> None:
    listed_extensions = codec.explicit(0, extensions.encode_extensions([listed_extension]))
    with pytest.raises(Malformed):
        read_crl(body(extensions=listed_extensions))
