"""PKCS #10 requests as another library writes them, and the shape that all signed things share."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import KEY, SPKI
from pki.der import codec
from pki.der.pkcs10 import read_pkcs10
from pki.der.signed import assemble, split
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed

ALGORITHM = SignatureAlgorithm.ECDSA_SHA256


@pytest.mark.parametrize("with_attributes", [False, True])
def test_requests_of_another_library_are_read(with_attributes: bool) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "whatever it says")])
    builder = x509.CertificateSigningRequestBuilder(name)
    if with_attributes:
        builder = builder.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"secret")
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    theirs = builder.sign(KEY, hashes.SHA256())
    request = read_pkcs10(theirs.public_bytes(Encoding.DER))
    assert request.info_der == theirs.tbs_certrequest_bytes
    assert request.public_key == SPKI
    assert request.algorithm is ALGORITHM
    assert request.signature == theirs.signature


def info(*parts: bytes) -> bytes:
    return assemble(codec.sequence(*parts), ALGORITHM, b"signature")


VERSION, NAME = codec.integer(0), codec.sequence()


def test_attributes_may_be_missing() -> None:
    assert read_pkcs10(info(VERSION, NAME, SPKI)).public_key == SPKI


@pytest.mark.parametrize(
    ("der", "reason"),
    [
        (info(codec.integer(1), NAME, SPKI), "not version 1"),
        (info(VERSION, NAME), "too early"),
        (info(VERSION, NAME, SPKI, codec.NULL), "trailing"),
        (info(VERSION, NAME, SPKI, b"\xa0\x00", codec.NULL), "trailing"),
        (info(VERSION, codec.sequence(bytes(1 << 14)), SPKI), "more than 16384 octets"),
    ],
)
def test_other_requests_are_malformed(der: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read_pkcs10(der)


@given(
    st.binary(max_size=300).map(codec.sequence),
    st.sampled_from(SignatureAlgorithm),
    st.binary(max_size=600),
)
def test_signed_things_come_back(
    tbs: bytes, algorithm: SignatureAlgorithm, signature: bytes
) -> None:
    parts = split(assemble(tbs, algorithm, signature))
    assert (parts.tbs, parts.algorithm, parts.signature) == (tbs, algorithm, signature)


@pytest.mark.parametrize("tail", [codec.NULL, b"\x00"])
def test_nothing_follows_a_signature(tail: bytes) -> None:
    der = assemble(codec.sequence(), ALGORITHM, b"x")
    with pytest.raises(Malformed):
        split(der + tail)
    with pytest.raises(Malformed, match="trailing"):
        split(codec.sequence(der[2:], tail))
