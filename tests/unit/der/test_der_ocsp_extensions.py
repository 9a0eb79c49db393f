"""OCSP extensions beside the nonce: what clients wish for, and what answers add."""

from datetime import UTC, datetime
from typing import ClassVar

import pytest
from asn1crypto import algos, core
from asn1crypto import ocsp as foreign_ocsp
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import SPKI, few
from pki.der import codec, oids
from pki.der.extensions import Extension, encode_extensions
from pki.der.ocsp import (
    OcspResponse,
    PreferredSignature,
    SingleResponse,
    encode_basic_response,
    encode_request,
    encode_response_data,
    make_cert_id,
    read_request,
    read_response,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.status import Good

ID = make_cert_id(codec.sequence(), SPKI, 7)
AT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
P256 = codec.sequence(codec.oid("1.2.840.10045.2.1"), codec.oid("1.2.840.10045.3.1.7"))
DIGEST = bytes(range(32))


def with_extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    extension = Extension(oid=oid, critical=critical, value=value)
    listed = codec.explicit(2, encode_extensions([extension]))
    return codec.sequence(codec.sequence(codec.sequence(codec.sequence(ID.der)), listed))


@few
@given(
    st.lists(
        st.builds(
            PreferredSignature,
            algorithm=st.sampled_from(SignatureAlgorithm),
            key=st.none() | st.just(P256),
        ),
        max_size=4,
    )
)
def test_wishes_come_back(preferred: list[PreferredSignature]) -> None:
    assert read_request(encode_request([ID], b"n", preferred)).preferred == tuple(preferred)


def test_wishes_are_read_as_another_library_writes_them() -> None:
    wanted = ("sha512_rsa", "sha256_ecdsa")
    wishes = foreign_ocsp.PreferredSignatureAlgorithms(
        [
            {
                "sig_identifier": algos.SignedDigestAlgorithm({"algorithm": name}),
                "cert_identifier": None,
            }
            for name in wanted
        ]
    )
    read = read_request(with_extension(oids.OCSP_PREFERRED_SIGNATURES, wishes.dump()))
    assert [each.algorithm for each in read.preferred] == [
        SignatureAlgorithm.SHA512_RSA,
        SignatureAlgorithm.ECDSA_SHA256,
    ]


def test_wishes_that_nobody_here_can_fulfil_are_left_out() -> None:
    dsa = codec.sequence(codec.sequence(codec.oid("2.16.840.1.101.3.4.3.2")))
    read = read_request(with_extension(oids.OCSP_PREFERRED_SIGNATURES, codec.sequence(dsa)))
    assert read.preferred == ()


@pytest.mark.parametrize("critical", [True, False])
def test_acceptable_response_types_are_understood(critical: bool) -> None:
    types = codec.sequence(codec.oid(oids.OCSP_BASIC), codec.oid("1.2.3"))
    der = with_extension(oids.OCSP_RESPONSE_TYPES, types, critical=critical)
    assert read_request(der).cert_ids == (ID,)


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (oids.OCSP_RESPONSE_TYPES, codec.oid(oids.OCSP_BASIC)),
        (oids.OCSP_RESPONSE_TYPES, codec.sequence(codec.NULL)),
        (oids.OCSP_PREFERRED_SIGNATURES, codec.sequence(codec.NULL)),
        (oids.OCSP_PREFERRED_SIGNATURES, codec.sequence(codec.sequence())),
        (oids.OCSP_PREFERRED_SIGNATURES, codec.sequence(codec.sequence(P256, P256, P256))),
        (oids.OCSP_PREFERRED_SIGNATURES, b""),
    ],
)
def test_extensions_that_are_understood_must_be_right(oid: str, value: bytes) -> None:
    with pytest.raises(Malformed):
        read_request(with_extension(oid, value))


ALGORITHM = codec.sequence(codec.oid(oids.SHA256_WITH_RSA), codec.NULL)


@pytest.mark.parametrize(
    "signature",
    [
        codec.NULL,
        codec.sequence(),
        codec.sequence(ALGORITHM),
        codec.sequence(ALGORITHM, codec.octet_string(b"x")),
        codec.sequence(ALGORITHM, codec.bit_string(b"x"), codec.NULL),
        codec.sequence(ALGORITHM, codec.bit_string(b"x")) * 2,
    ],
)
def test_a_signature_must_have_the_shape_of_one(signature: bytes) -> None:
    tbs = codec.sequence(codec.sequence(codec.sequence(ID.der)))
    good = codec.sequence(ALGORITHM, codec.bit_string(b"x"), codec.explicit(0, codec.sequence()))
    assert read_request(codec.sequence(tbs, codec.explicit(0, good))).cert_ids == (ID,)
    with pytest.raises(Malformed):
        read_request(codec.sequence(tbs, codec.explicit(0, signature)))


def answered(single: SingleResponse) -> bytes:
    data = encode_response_data(bytes(20), AT, [single], None)
    return encode_basic_response(data, SignatureAlgorithm.ECDSA_SHA256, b"signature", [])


def single(**more: object) -> SingleResponse:
    return SingleResponse(
        cert_id=ID,
        status=Good(),
        this_update=AT,
        next_update=None,
        **more,  # type: ignore[arg-type] # each test adds one extension
    )


class CertHash(core.Sequence):  # type: ignore[misc] # the library has no types
    """Common PKI 2.0 part 4, table 18."""

    _fields: ClassVar = [
        ("hash_algorithm", algos.DigestAlgorithm),
        ("certificate_hash", core.OctetString),
    ]


def test_extensions_of_an_answer_as_another_library_reads_them() -> None:
    whole = foreign_ocsp.OCSPResponse.load(
        answered(single(archive_cutoff=AT, certificate_sha256=DIGEST))
    )
    (only,) = whole.response_data["responses"]
    cutoff, digest = only["single_extensions"]
    assert cutoff["extn_id"].native == "archive_cutoff"
    assert cutoff["extn_value"].parsed.native == AT
    assert (digest["extn_id"].dotted, digest["critical"].native) == (oids.OCSP_CERT_HASH, False)
    read = CertHash.load(digest["extn_value"].native)
    assert read.native == {
        "hash_algorithm": {"algorithm": "sha256", "parameters": None},
        "certificate_hash": DIGEST,
    }


def test_a_certificate_hash_by_another_digest_is_passed_over() -> None:
    der = answered(single(certificate_sha256=DIGEST))
    sha256, sha384 = codec.oid(oids.SHA256), codec.oid(oids.SHA384)
    at = der.rindex(sha256)
    read = read_response(der[:at] + sha384 + der[at + len(sha256) :])
    assert isinstance(read, OcspResponse)
    assert read.singles == (single(),)
