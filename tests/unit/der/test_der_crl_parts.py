"""Partial and delta CRLs beside those that cryptography builds, and where entries lie."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import FOREIGN_REASONS, KEY
from pki.der import codec
from pki.der.crl import (
    CrlContent,
    encode_entry,
    encode_removal,
    encode_tbs_crl,
    read_crl,
    read_crl_frame,
    tbs_around,
)
from pki.der.signed import assemble
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason

AT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


def signed(tbs: bytes) -> bytes:
    return assemble(tbs, SignatureAlgorithm.ECDSA_SHA256, b"signature")


def content_of(*entries: bytes, number: int = 1) -> CrlContent:
    return CrlContent(
        issuer_der=codec.sequence(),
        algorithm=SignatureAlgorithm.ECDSA_SHA256,
        this_update=AT,
        next_update=AT,
        number=number,
        authority_key_id=b"k" * 20,
        entries=entries,
    )


PART, DELTA = "http://crl.example/part-3.crl", "http://crl.example/delta.crl"


def points_at(url: str) -> list[x509.DistributionPoint]:
    return [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)]


def idp(url: str) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=points_at(url)[0].full_name,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


def made_by_cryptography(content: CrlContent) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([]))
        .last_update(content.this_update)
        .next_update(content.next_update)
        .add_extension(x509.AuthorityKeyIdentifier(b"k" * 20, None, None), critical=False)
        .add_extension(x509.CRLNumber(9), critical=False)
        .add_extension(x509.FreshestCRL(points_at(DELTA)), critical=False)
        .add_extension(idp(PART), critical=True)
        .add_extension(x509.DeltaCRLIndicator(5), critical=True)
    )
    for serial, reason in ((7, "certificate_hold"), (8, "remove_from_crl")):
        entry = x509.RevokedCertificateBuilder(serial, AT)
        reasons = x509.CRLReason(x509.ReasonFlags[reason])
        builder = builder.add_revoked_certificate(
            entry.add_extension(reasons, critical=False).build()
        )
    return builder.sign(KEY, hashes.SHA256()).tbs_certlist_bytes


def test_parts_and_deltas_equal_those_of_another_library() -> None:
    content = replace(
        content_of(
            encode_entry(SerialNumber(7), AT, RevocationReason.CERTIFICATE_HOLD),
            encode_removal(SerialNumber(8), AT),
            number=9,
        ),
        next_update=AT + timedelta(hours=1),
        freshest=DELTA,
        distribution_point=PART,
        base_number=5,
    )
    tbs = encode_tbs_crl(content)
    assert tbs == made_by_cryptography(content)
    frame = read_crl_frame(signed(tbs))
    assert (frame.distribution_point, frame.base_number) == (PART, 5)
    assert frame.freshest == (DELTA,)
    assert signed(tbs)[frame.tbs] == tbs
    with pytest.raises(Malformed, match="not understood"):
        read_crl(signed(tbs))


@given(st.binary(max_size=70_000))
def test_entries_lie_where_the_frame_says(entries: bytes) -> None:
    head, tail = tbs_around(content_of(), len(entries))
    der = signed(head + entries + tail)
    assert der[read_crl_frame(der).listed] == entries


def test_another_library_reads_our_entries() -> None:
    entries = [
        encode_entry(SerialNumber(number), AT, reason)
        for number, reason in enumerate(RevocationReason, start=1)
    ]
    foreign = x509.load_der_x509_crl(signed(encode_tbs_crl(content_of(*entries))))
    read = {each.serial_number: each.extensions[0].value for each in foreign}
    assert read == {
        number: x509.CRLReason(FOREIGN_REASONS[reason])
        for number, reason in enumerate(RevocationReason, start=1)
    }
