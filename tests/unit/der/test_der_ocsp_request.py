"""OCSP requests: what clients send, as other libraries write it, and what is refused."""

import pytest
from asn1crypto import ocsp as foreign_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from hypothesis import given
from hypothesis import strategies as st

from made.der_samples import KEY, SPKI, cert_ids, few, nonces
from pki.der import codec, extensions, oids
from pki.der.extensions import Extension
from pki.der.ocsp import MAX_REQUEST, CertId, encode_request, make_cert_id, read_request
from pki.domain.errors import Malformed

DIGESTS = {
    "sha1": hashes.SHA1(),  # noqa: S303 -- old clients name certificates by it
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
ID = make_cert_id(codec.sequence(), SPKI, 7, "sha1")


@few
@given(st.lists(cert_ids, min_size=1, max_size=5), nonces)
def test_requests_come_back(asked: list[CertId], nonce: bytes | None) -> None:
    request = read_request(encode_request(asked, nonce))
    assert request.cert_ids == tuple(asked)
    assert request.nonce == nonce


@few
@given(cert_ids.filter(lambda each: 0 < each.serial < 1 << 159), nonces)
def test_bytes_equal_those_of_another_library(cert_id: CertId, nonce: bytes | None) -> None:
    assert cert_id.hash_name is not None
    builder = x509_ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        cert_id.issuer_name_hash,
        cert_id.issuer_key_hash,
        cert_id.serial,
        DIGESTS[cert_id.hash_name],
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    assert encode_request([cert_id], nonce) == builder.build().public_bytes(Encoding.DER)


@few
@given(st.lists(cert_ids, min_size=1, max_size=4), nonces)
def test_another_library_reads_every_certificate_asked_for(
    asked: list[CertId], nonce: bytes | None
) -> None:
    foreign = foreign_ocsp.OCSPRequest.load(encode_request(asked, nonce))
    listed = foreign["tbs_request"]["request_list"]
    assert [each["req_cert"]["serial_number"].native for each in listed] == [
        each.serial for each in asked
    ]
    assert [each["req_cert"].dump() for each in listed] == [each.der for each in asked]


def test_hashes_are_of_the_issuers_name_and_key_bits() -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    cert_id = make_cert_id(name.public_bytes(), SPKI, 1, "sha1")
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303 -- RFC 6960 4.1.1
    digest.update(name.public_bytes())
    assert cert_id.issuer_name_hash == digest.finalize()
    theirs = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    assert cert_id.issuer_key_hash == theirs.digest


def listed(*extension: Extension) -> bytes:
    return codec.explicit(2, extensions.encode_extensions(extension))


def nonce_of(value: bytes, *, critical: bool = False) -> Extension:
    return Extension(oid=oids.OCSP_NONCE, critical=critical, value=value)


def request(*parts: bytes, asked: bytes | None = None, behind: bytes = b"") -> bytes:
    """A request with parts around its list; ``parts`` before the last stand in front."""
    requests = codec.sequence(codec.sequence(ID.der)) if asked is None else asked
    return codec.sequence(codec.sequence(*parts[:-1], requests, *parts[-1:]), behind)


def test_requestor_name_signature_and_explicit_version_are_accepted() -> None:
    version = codec.explicit(0, codec.integer(0))
    requestor = codec.explicit(1, codec.explicit(4, codec.sequence()))
    signature = codec.explicit(0, codec.sequence(codec.sequence(), codec.bit_string(b"x")))
    read = read_request(request(version, requestor, b"", behind=signature))
    assert read.cert_ids == (ID,)


def test_a_critical_nonce_and_unknown_extensions_that_are_not_critical_are_accepted() -> None:
    unknown = Extension(oid="1.2.3", critical=False, value=b"anything")
    read = read_request(request(listed(nonce_of(b"\x04\x01x", critical=True), unknown)))
    assert read.nonce == b"x"
    single = codec.explicit(0, extensions.encode_extensions([unknown]))
    asked = codec.sequence(codec.sequence(ID.der, single))
    assert read_request(request(asked=asked)).cert_ids == (ID,)


def cert_id(algorithm: bytes, size: int = 20, serial: bytes = b"\x02\x01\x07") -> bytes:
    hashed = codec.octet_string(bytes(size))
    return codec.sequence(algorithm, hashed, hashed, serial)


def asking(der: bytes) -> bytes:
    return request(asked=codec.sequence(codec.sequence(der)))


SHA1 = codec.sequence(codec.oid(oids.SHA1))


def test_a_digest_without_parameters_is_echoed_without_them() -> None:
    der = cert_id(SHA1)
    (read,) = read_request(asking(der)).cert_ids
    assert (read.hash_name, read.der) == ("sha1", der)


@pytest.mark.parametrize("parameters", [b"", codec.NULL, codec.sequence()])
def test_another_digest_is_kept_so_that_the_responder_can_decline(parameters: bytes) -> None:
    md5 = codec.sequence(codec.oid("1.2.840.113549.2.5"), parameters)
    (read,) = read_request(asking(cert_id(md5, size=16))).cert_ids
    assert read.hash_name is None
    assert read.hash_oid == "1.2.840.113549.2.5"
    assert read.issuer_key_hash == bytes(16)


CRITICAL = Extension(oid="1.2.3", critical=True, value=b"")
TWICE = Extension(oid="1.2.3", critical=False, value=b"")


@pytest.mark.parametrize(
    ("der", "reason"),
    [
        (b"", "too early"),
        (request(asked=codec.sequence()), "asks for nothing"),
        (request(codec.explicit(0, codec.integer(1)), b""), "not version 1"),
        (request(codec.explicit(0, codec.integer(0) * 2), b""), "trailing"),
        (request(listed(CRITICAL)), "not understood"),
        (request(listed(TWICE, TWICE)), "twice"),
        (request(listed()), "empty list"),
        (request(listed(nonce_of(b""))), "too early"),
        (request(listed(nonce_of(b"raw nonce octets"))), "unexpected element"),
        (request(listed(nonce_of(codec.octet_string(b"")))), "1 to 128"),
        (request(listed(nonce_of(codec.octet_string(bytes(129))))), "1 to 128"),
        (request(listed(nonce_of(b"\x04\x01xy"))), "trailing"),
        (request(asked=codec.sequence(codec.sequence(ID.der, listed(TWICE)))), "trailing"),
        (
            request(
                asked=codec.sequence(
                    codec.sequence(
                        ID.der, codec.explicit(0, extensions.encode_extensions([CRITICAL]))
                    )
                )
            ),
            "not understood",
        ),
        (request(behind=codec.NULL), "trailing"),
        (asking(cert_id(SHA1, size=32)), "wrong length"),
        (asking(cert_id(SHA1, size=0)), "wrong length"),
        (asking(cert_id(codec.sequence(codec.oid(oids.SHA1), codec.sequence()))), "parameters"),
        (asking(cert_id(codec.sequence(codec.oid(oids.SHA1), codec.NULL * 2))), "trailing"),
        (asking(cert_id(SHA1, serial=codec.integer(1 << 520))), "more than 64"),
        (asking(cert_id(SHA1, serial=b"\x02\x02\x00\x01")), "shortest"),
        (asking(cert_id(SHA1, serial=b"\x02\x00")), "empty integer"),
    ],
)
def test_other_requests_are_malformed(der: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read_request(der)


def test_a_request_of_more_than_16_kibibytes_is_refused_unread() -> None:
    many = [ID] * 300
    with pytest.raises(Malformed, match="more than 16384 octets"):
        read_request(encode_request(many))
    fitting = [ID] * 200
    der = encode_request(fitting)
    assert len(der) <= MAX_REQUEST
    assert len(read_request(der).cert_ids) == 200
