"""A real server that adds to its answers whatever settings let it add."""

import asyncio
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from installed.practice import Practice, employee
from installed.program import exchanged
from pki.der.certificate import read_certificate
from pki.der.ocsp import (
    OcspResponse,
    PreferredSignature,
    encode_request,
    make_cert_id,
    read_response,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.status import Good

pytestmark = pytest.mark.slow

SETTINGS = """[status]
never_issued = "revoked"
archive_cutoff = true
certificate_hash = true
more_responder_keys = ["rsa-2048"]
"""
RSA, EC = SignatureAlgorithm.SHA256_RSA, SignatureAlgorithm.ECDSA_SHA256


@pytest.mark.openssl
def test_settings_reach_the_answers(practice: Practice) -> None:
    practice.change(("[status]\n", SETTINGS))
    pem = practice.layout.certificate("token-ca-g1").read_bytes()
    issuer = x509.load_pem_x509_certificate(pem)

    def ask(serial: int, *wishes: SignatureAlgorithm) -> OcspResponse:
        key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        cert_id = make_cert_id(issuer.subject.public_bytes(), key, serial)
        preferred = [PreferredSignature(algorithm=each, key=None) for each in wishes]
        der = encode_request([cert_id], None, preferred)
        status, body = exchanged(practice.ocsp_url, der, "application/ocsp-request")
        assert status == 200
        read = read_response(body)
        assert isinstance(read, OcspResponse)
        return read

    with practice.serving():
        certificate = asyncio.run(practice.make_card(employee(1))).certificate
        serial = read_certificate(certificate).content.serial.value
        answer = ask(serial)
        (single,) = answer.singles
        assert single.status == Good()
        assert single.certificate_sha256 == sha256(certificate).digest()
        assert single.archive_cutoff == single.this_update.replace(year=single.this_update.year - 7)
        used = [ask(serial, *each).algorithm for each in ((), (EC,), (RSA,), (RSA, EC))]
        assert used == [EC, EC, RSA, RSA]
        assert practice.openssl_ocsp(f"{serial:040x}") == "good"
        assert practice.openssl_ocsp(f"{serial + 1:040x}") == "hold"
        assert ask(serial + 1).extended_revoke
