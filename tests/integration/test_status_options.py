"""What settings and clients' wishes add to an answer, as OpenSSL verifies and pkilint judges it."""

import io
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkilint.bin import lint_ocsp_response

from ocsp.policy import ResponderPolicy
from pki.der.ocsp import PreferredSignature, encode_request
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import SerialNumber
from status_side.bench import FakeDigests, cert_id
from status_side.house import CA, GOOD, HELD, NEVER, REVOKED, Status
from status_side.small_pki import new_key

EVERYTHING = ResponderPolicy(extended_revoke=True, archive_years=7)


@pytest.fixture
def status(tmp_path: Path) -> Status:
    known = {GOOD: bytes(range(32))}
    return Status(
        tmp_path, "rsa", policy=EVERYTHING, digests=FakeDigests(known=known), other_kind="ec"
    )


@pytest.mark.openssl
async def test_openssl_verifies_answers_that_say_all_they_can(status: Status) -> None:
    async with status.running():
        said = await status.openssl_ocsp(
            *(
                part
                for card in (GOOD, HELD, REVOKED, NEVER)
                for part in ("-cert", status.cards[card])
            ),
            "-resp_text",
        )
    assert f"{status.cards[GOOD]}: good" in said
    assert f"{status.cards[NEVER]}: revoked" in said
    assert "Revocation Time: Jan  1 00:00:00 1970 GMT" in said
    assert said.count("Archive Cutoff") == 3
    assert "1.3.36.8.3.13" in said
    assert "  valid: " in said, "OpenSSL's name for extended-revoke"


@pytest.mark.openssl
async def test_openssl_may_sign_what_it_asks(status: Status) -> None:
    signer = status.file("client.pem", status.cards[HELD].read_bytes())
    key_pem = new_key("card").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = status.file("client.key", key_pem)
    async with status.running():
        said = await status.openssl_ocsp(
            "-cert", status.cards[GOOD], "-signer", signer, "-signkey", key
        )
    assert f"{status.cards[GOOD]}: good" in said


@pytest.mark.openssl
@pytest.mark.parametrize("wished", [SignatureAlgorithm.ECDSA_SHA256, SignatureAlgorithm.SHA256_RSA])
async def test_openssl_verifies_the_signature_that_was_wished_for(
    status: Status, wished: SignatureAlgorithm
) -> None:
    wish = PreferredSignature(algorithm=wished, key=None)
    asked = status.file("asked.der", encode_request([cert_id(GOOD, ca=CA)], None, [wish]))
    async with status.running():
        said = await status.openssl_ocsp("-reqin", asked, "-resp_text")
    assert f"Signature Algorithm: {wished.value}" in said


@pytest.mark.parametrize("card", [GOOD, HELD, REVOKED, NEVER])
async def test_pkilint_finds_nothing_in_answers_that_say_all_they_can(
    status: Status, card: SerialNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await status.bench.post(encode_request([cert_id(card, ca=CA)]))
    octets = io.BytesIO(answer.body)
    octets.name = "answer"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(octets))
    arguments = ["lint", "-s", "NOTICE", "--document-format", "DER", "-"]
    assert lint_ocsp_response.main(arguments) == 0
