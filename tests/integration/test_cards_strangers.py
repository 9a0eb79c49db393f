"""Programs that are not ours take the virtual PIV card for a PIV card."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card_writer.readers.held import HeldCard
from desks.made import NOW, at, make
from peers import program
from pki.api.fields import from_pem, to_pem
from pki.trust.attestation.chain import AttestationTrust
from virtual_card.link import CardLink
from virtual_card.maker import usual_maker
from virtual_card.pcscd import Pcscd, opensc_module
from virtual_card.piv import PivCard

pytestmark = pytest.mark.pcsc
PIN, PUK = "123456", "12345678"


@pytest.fixture
def card() -> PivCard:
    return PivCard(vendor=True)


@pytest.fixture
def inserted(pcscd: Pcscd, card: PivCard) -> Iterator[CardLink]:
    with pcscd.holding(card) as link:
        yield link


def run(pcscd: Pcscd, *words: str, given: str = "") -> str:
    done = subprocess.run(
        words,
        env=pcscd.environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


def yubico(pcscd: Pcscd, *words: str, given: str = "") -> str:
    return run(pcscd, "yubico-piv-tool", "-r", pcscd.slot(), *words, given=given)


def ykman(pcscd: Pcscd, *words: str) -> str:
    return run(pcscd, str(program("ykman")), "-r", pcscd.slot(), "piv", *words)


def with_key(pcscd: Pcscd, algorithm: str, folder: Path) -> str:
    """A key made on the card through a stranger, and a certificate for it from openssl."""
    public = yubico(pcscd, "-a", "generate", "-s", "9a", "-A", algorithm)
    begin = public.index("-----BEGIN")
    key = folder / "public.pem"
    key.write_text(public[begin : public.index("-----END") + 26])
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=CA"
    run(pcscd, *make.split(), "-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.pem"))
    request = ("-new", "-subj", "/CN=Jansen", "-key", str(folder / "ca.key"))
    run(pcscd, "openssl", "req", *request, "-out", str(folder / "req.pem"))
    issuer = ("-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key"), "-CAcreateserial")
    signed = ("-in", str(folder / "req.pem"), "-force_pubkey", str(key), *issuer)
    run(pcscd, "openssl", "x509", "-req", *signed, "-out", str(folder / "leaf.pem"))
    return (folder / "leaf.pem").read_text()


@pytest.mark.usefixtures("inserted")
@pytest.mark.parametrize("algorithm", ["ECCP256", "RSA2048"])
def test_a_card_made_by_strangers_signs_for_strangers(
    pcscd: Pcscd, algorithm: str, tmp_path: Path
) -> None:
    certificate = with_key(pcscd, algorithm, tmp_path)
    yubico(pcscd, "-a", "import-certificate", "-s", "9a", given=certificate)
    tested = ("-a", "verify-pin", "-P", PIN, "-a", "test-signature", "-s", "9a")
    assert "Successful" in yubico(pcscd, *tested, given=certificate)
    assert "Jansen" in yubico(pcscd, "-a", "status")
    assert "BEGIN CERTIFICATE" in run(pcscd, "pkcs15-tool", "--read-certificate", "01")
    module = str(opensc_module())
    objects = run(pcscd, "pkcs11-tool", "--module", module, "-O", "--login", "--pin", PIN)
    assert "Certificate Object" in objects
    assert "Private Key Object" in objects
    listed = run(pcscd, "ssh-keygen", "-D", module)
    assert "ecdsa-sha2-nistp256" in listed or "ssh-rsa" in listed


@pytest.mark.usefixtures("inserted")
def test_strangers_change_and_unblock_the_pin(pcscd: Pcscd, card: PivCard) -> None:
    yubico(pcscd, "-a", "change-pin", "-P", PIN, "-N", "975310")
    assert card.pin.value == b"975310\xff\xff"
    yubico(pcscd, "-a", "unblock-pin", "-P", PUK, "-N", "864209")
    assert card.pin.value == b"864209\xff\xff"
    run(pcscd, "pkcs15-tool", "--verify-pin", "--pin", "864209")
    yubico(pcscd, "-a", "change-puk", "-P", PUK, "-N", "80246791")
    assert card.puk.value == b"80246791"


@pytest.mark.usefixtures("inserted")
def test_strangers_replace_the_administration_key(pcscd: Pcscd, card: PivCard) -> None:
    other = "a1" * 8 + "b2" * 8 + "c3" * 8
    yubico(pcscd, "-a", "set-mgm-key", "-n", other)
    assert card.lock.key.hex() == other


@pytest.mark.usefixtures("inserted")
def test_strangers_read_and_verify_where_a_key_was_made(
    pcscd: Pcscd, card: PivCard, tmp_path: Path
) -> None:
    for algorithm in ("ECCP256", "RSA2048"):
        yubico(pcscd, "-a", "generate", "-s", "9a", "-A", algorithm)
        parts = {
            "proof.pem": yubico(pcscd, "-a", "attest", "-s", "9a"),
            "card.pem": yubico(pcscd, "-a", "read-certificate", "-s", "f9"),
            "root.pem": to_pem(usual_maker().root),
        }
        for name, text in parts.items():
            (tmp_path / name).write_text(text[text.index("-----BEGIN") :])
        proof, issuer, root = (str(tmp_path / name) for name in parts)
        said = run(pcscd, "openssl", "verify", "-CAfile", root, "-untrusted", issuer, proof)
        assert said.strip().endswith(": OK")
        chain = tuple(from_pem((tmp_path / name).read_text()) for name in ("proof.pem", "card.pem"))
        AttestationTrust([usual_maker().root]).judge(chain, spki_of(card), NOW)


@pytest.mark.usefixtures("inserted")
def test_ykman_makes_and_attests_a_key_and_changes_pin_and_puk(
    pcscd: Pcscd, card: PivCard, tmp_path: Path
) -> None:
    lock = ("-m", card.lock.key.hex())
    public, proof = str(tmp_path / "public.pem"), tmp_path / "proof.pem"
    ykman(pcscd, "keys", "generate", "-a", "ECCP256", *lock, "9a", public)
    ykman(pcscd, "certificates", "generate", *lock, "-P", PIN, "-s", "Jansen", "9a", public)
    ykman(pcscd, "keys", "attest", "9a", str(proof))
    AttestationTrust([usual_maker().of_card]).judge(
        (from_pem(proof.read_text()),), spki_of(card), NOW
    )
    ykman(pcscd, "access", "change-pin", "-P", PIN, "-n", "975310")
    ykman(pcscd, "access", "change-puk", "-p", PUK, "-n", "80246791")
    assert (card.pin.value, card.puk.value) == (b"975310\xff\xff", b"80246791")
    told = ykman(pcscd, "info")
    assert "PIV version: 5.4.3" in told
    assert "CN=Jansen" in told


def test_ykman_reads_a_card_that_was_made_here(pcscd: Pcscd, card: PivCard) -> None:
    server: dict[str, bytes] = {}
    with pcscd.holding(card):
        with HeldCard.in_reader(pcscd.slot()) as held:
            make(at(held), server)
        told = ykman(pcscd, "info")
        exported = from_pem(ykman(pcscd, "certificates", "export", "9a", "-"))
    assert "PIN tries remaining: 3/3" in told
    assert "default" not in told
    assert exported == server["leaf"]


def spki_of(card: PivCard) -> bytes:
    public = card.keys[0x9A].private.public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
