"""OCSP answers signed in SoftHSM2: one key for ever, a new certificate at every start."""

import subprocess
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.ocsp import load_der_ocsp_response

from installed.practice import STATUS_METRICS, Practice, employee
from installed.program import START_SECONDS
from strangers.softhsm import PIN, SoftHsm

pytestmark = [pytest.mark.softhsm, pytest.mark.openssl, pytest.mark.slow]

KEY_ID, EDWARDS_ID = "0c51", "0c52"
MEMORY = 'responder_key = { type = "p-256" }'


@pytest.fixture
def hsm(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """A token with the responder's key; `practice` names it."""
    hsm = SoftHsm.make(tmp_path / "hsm")
    hsm.add_token("ocsp")
    kinds = {KEY_ID: ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), EDWARDS_ID: ("ED25519",)}
    for key_id, words in kinds.items():
        plain = tmp_path / f"{key_id}.pem"
        command = ["openssl", "genpkey", "-algorithm", *words, "-out", str(plain)]
        subprocess.run(command, check=True, capture_output=True)
        hsm.import_key("ocsp", key_id, f"ocsp-{key_id}", plain)
        plain.unlink()
    pin = practice.layout.secret("hsm-pin")
    pin.touch(0o600)
    pin.write_bytes(PIN)
    inner = f'module = "{hsm.module}", token = "ocsp", key_id = "{KEY_ID}"'
    setting = f'{{ pkcs11 = {{ {inner}, pin_file = "secrets/hsm-pin" }} }}'
    practice.change((MEMORY, f"responder_key = {setting}"))
    monkeypatch.setenv("SOFTHSM2_CONF", str(hsm.config))
    return hsm


def responder(practice: Practice, serial: str, status: str) -> x509.Certificate:
    """The certificate of whoever signed the answer that OpenSSL has verified."""
    kept = practice.layout.root / "answer.der"
    assert practice.openssl_ocsp(serial, "-no_nonce", "-respout", str(kept)) == status
    (certificate,) = load_der_ocsp_response(kept.read_bytes()).certificates
    return certificate


def key_of(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def answered_again(practice: Practice, serial: str) -> str:
    """What is said once the token was found again; it is looked for with pauses."""
    limit = time.monotonic() + START_SECONDS
    while True:
        try:
            return practice.openssl_ocsp(serial, "-nonce")
        except AssertionError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.1)


async def test_one_key_signs_under_every_new_certificate(practice: Practice, hsm: SoftHsm) -> None:
    with practice.serving():
        made = await practice.make_card(employee(1))
        serial = f"{x509.load_der_x509_certificate(made.certificate).serial_number:040x}"
        first = responder(practice, serial, "good")
        with hsm.away():
            with pytest.raises(AssertionError, match="trylater"):
                practice.openssl_ocsp(serial, "-nonce")
            assert practice.openssl_ocsp(serial, "-no_nonce") == "good"
        assert answered_again(practice, serial) == "good"
        told = practice.zorgid("doctor", "--config", str(practice.config)).stdout
    assert "the key of the OCSP responder is in an HSM that answers (token ocsp, id 0c51)" in told
    health = practice.ports.base + STATUS_METRICS
    with (
        practice.serving("issuance"),
        practice.serving("status", config=practice.status_config(), metrics_port=health),
    ):
        enrolled = responder(practice, serial, "good")
    assert enrolled.serial_number != first.serial_number
    assert key_of(enrolled) == key_of(first)


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (('token = "ocsp"', 'token = "none"'), 4, "cannot be reached"),
        ((KEY_ID, EDWARDS_ID), 2, "setting status.responder_key: public key refused"),
    ],
)
def test_a_start_with_a_bad_key_is_refused(
    practice: Practice, hsm: SoftHsm, change: tuple[str, str], code: int, says: str
) -> None:
    del hsm
    practice.change(change)
    with practice.spawn("serve", "--config", str(practice.config), "--role", "all") as server:
        assert server.ended() == code
        assert says in server.log
        assert "Traceback" not in server.log
