"""Software tokens behave like cards: one key, read back as written, resumable."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from card_writer.card_edge import CardRefused
from card_writer.soft_token import SoftCard, SoftPass
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.identifiers import CardNumber, IdempotencyKey

NUMBER = CardNumber("ZID-0001")
AT = datetime(2026, 11, 22, tzinfo=UTC)


def certify(key: ec.EllipticCurvePublicKey) -> x509.Certificate:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anyone")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(7)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=1))
        .public_key(key)
        .sign(ca_key, hashes.SHA256())
    )


@pytest.fixture
def card(tmp_path: Path) -> SoftCard:
    return SoftCard.blank(tmp_path / "card", NUMBER, KeyType.P256)


def public_key(card: SoftCard) -> ec.EllipticCurvePublicKey:
    request = x509.load_der_x509_csr(card.certification_request())
    key = request.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert request.is_signature_valid
    return key


def test_the_key_is_made_once_and_signs(card: SoftCard) -> None:
    card.ensure_key()
    first = public_key(card)
    card.ensure_key()
    assert public_key(card) == first
    assert card.algorithm is SignatureAlgorithm.ECDSA_SHA256
    first.verify(card.sign(b"message"), b"message", ec.ECDSA(hashes.SHA256()))


def test_the_key_file_is_for_its_owner_alone(card: SoftCard) -> None:
    card.ensure_key()
    assert stat.S_IMODE(card.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(card.directory.stat().st_mode) == 0o700


def test_what_is_written_is_read_back(card: SoftCard) -> None:
    card.ensure_key()
    leaf = certify(public_key(card)).public_bytes(Encoding.DER)
    card.write_certificates((leaf,))
    assert card.certificates() == (leaf,)


def test_a_certificate_for_another_key_is_never_written(card: SoftCard) -> None:
    card.ensure_key()
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(CardRefused):
        card.write_certificates((certify(other).public_bytes(Encoding.DER),))
    assert card.certificates() == ()


def test_a_blank_card_has_no_key_to_sign_with(card: SoftCard) -> None:
    with pytest.raises(CardRefused):
        card.sign(b"message")


def test_making_blank_keeps_the_printed_number_only(card: SoftCard) -> None:
    card.ensure_key()
    card.begin_order(IdempotencyKey("o" * 32))
    card.make_blank()
    assert card.order_key() is None
    assert not card.key_file.exists()
    assert card.card_number() == NUMBER


def test_a_key_type_the_token_cannot_make_is_refused(tmp_path: Path) -> None:
    card = SoftCard.blank(tmp_path / "card", NUMBER, KeyType.ED25519)
    with pytest.raises(CardRefused, match="ed25519"):
        card.ensure_key()


def test_a_pass_gives_its_certificate_and_signs(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = certify(key.public_key())
    uzi_pass = SoftPass.create(tmp_path / "pass", key=key, certificate=certificate)
    assert uzi_pass.authenticity_certificate() == certificate.public_bytes(Encoding.DER)
    key.public_key().verify(uzi_pass.sign(b"m"), b"m", ec.ECDSA(hashes.SHA256()))
