"""A UZI pass in a real reader: over APDUs, and through OpenSC as a vendor's PKCS#11 module."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from card_writer.at_reader import PinEntry
from card_writer.card_edge import CardGone, CardRefused, PinNeeded, SecretKind, WrongSecret
from card_writer.piv.readers import PivPassReader
from card_writer.piv.uzi_pass import PivPass
from card_writer.pkcs11.link import TokenLink
from card_writer.pkcs11.module import Module
from card_writer.pkcs11.readers import TokenPassReader
from card_writer.pkcs11.uzi_pass import TokenPass
from card_writer.readers.held import HeldCard
from card_writer.secret import Secret
from card_writer.wrong_card import WrongCard
from fixtures.uzi import FakeStatusCheck
from made.uzi import NOW, PassPlan, Register, der
from pki.domain.algorithms import SignatureAlgorithm
from pki.trust.uzi_pass import UziTrust
from virtual_card.cac import cac_in_reader, nss_database
from virtual_card.pcscd import FIRST_PORT, Pcscd, opensc_module
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.uzi import PIN, uzi_pass

pytestmark = pytest.mark.pcsc
Reader: TypeAlias = PivPassReader | TokenPassReader


@pytest.fixture
def chip(uzi_register: Register) -> VirtualCard:
    return uzi_pass(uzi_register)


@pytest.fixture(params=["apdus", "opensc"])
def reader(pcscd: Pcscd, request: pytest.FixtureRequest) -> Iterator[Reader]:
    made: Reader
    if request.param == "apdus":
        made = PivPassReader(reader=pcscd.slot())
    else:
        made = TokenPassReader(path=opensc_module(), reader=pcscd.slot())
    yield made
    made.close()


async def test_a_pass_signs_and_is_believed(
    pcscd: Pcscd, chip: VirtualCard, reader: Reader, uzi_register: Register
) -> None:
    with pcscd.holding(chip):
        assert reader.pin_entry is PinEntry.HERE
        found = reader.open(Secret(PIN))
        certificate, signature = found.authenticity_certificate(), found.sign(b"challenge")
        algorithm = found.algorithm
        reader.close()
    assert algorithm is SignatureAlgorithm.SHA256_RSA
    public = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signature, b"challenge", padding.PKCS1v15(), hashes.SHA256())
    trust = UziTrust(uzi_register.settings, FakeStatusCheck())
    holder = await trust.verify_pass(certificate, NOW)
    assert holder.uzi_name.uzi_number.value == "900021219"


def test_a_wrong_pin_costs_one_try_and_a_blocked_pass_says_so(
    pcscd: Pcscd, chip: VirtualCard, reader: Reader
) -> None:
    with pcscd.holding(chip):
        for left in (2, 1, 0):
            with pytest.raises(WrongSecret) as wrong:
                reader.open(Secret(b"000000"))
            assert wrong.value.which is SecretKind.PIN
            assert chip.pin.left == left
            assert wrong.value.tries_left == left
            reader.close()
        assert reader.tries_left() == 0
        reader.close()


async def test_a_pass_that_others_wrote_is_read_through_a_module_that_others_wrote(
    pcscd: Pcscd, uzi_register: Register, tmp_path: Path
) -> None:
    database = nss_database(tmp_path, uzi_register, PIN.decode())
    with (
        cac_in_reader(pcscd.process.pid, FIRST_PORT, database),
        TokenPassReader(path=opensc_module(), reader=pcscd.slot()) as reader,
    ):
        pcscd.wait(present=True)
        with pytest.raises(CardRefused):
            reader.open(Secret(b"000000"))
        reader.close()
        found = reader.open(Secret(PIN))
        certificate, signature = found.authenticity_certificate(), found.sign(b"challenge")
    pcscd.wait(present=False)
    public = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signature, b"challenge", padding.PKCS1v15(), hashes.SHA256())
    trust = UziTrust(uzi_register.settings, FakeStatusCheck())
    assert (await trust.verify_pass(certificate, NOW)).uzi_name.ura.value == "90000382"


def test_another_card_is_no_pass(pcscd: Pcscd, reader: Reader) -> None:
    with pcscd.holding(VirtualCard()) as link:
        with pytest.raises(WrongCard, match="no certificate"):
            reader.tries_left()
        with pytest.raises(CardRefused, match="no certificate"):
            reader.open(Secret(PIN))
        assert link.seen
        reader.close()


def test_a_pass_that_cannot_log_in_is_no_pass(
    pcscd: Pcscd, reader: Reader, uzi_register: Register
) -> None:
    certificate = uzi_register.issue(PassPlan(key_usage=("content_commitment",)))
    with pcscd.holding(uzi_pass(uzi_register, certificate)):
        with pytest.raises(CardRefused, match="no certificate"):
            reader.open(Secret(PIN))
        reader.close()


def test_a_pass_that_is_pulled_out_and_put_in_again(
    pcscd: Pcscd, chip: VirtualCard, reader: Reader
) -> None:
    with pcscd.holding(chip):
        found = reader.open(Secret(PIN))
    with pytest.raises(CardGone):
        found.sign(b"challenge")
    reader.close()
    with pcscd.holding(chip):
        assert reader.open(Secret(PIN)).sign(b"challenge")
        reader.close()
    assert chip.pin.left == 3


def test_no_pass_at_all(reader: Reader) -> None:
    with pytest.raises(CardGone):
        reader.open(Secret(PIN))


def test_signing_waits_for_the_pin(pcscd: Pcscd, chip: VirtualCard) -> None:
    with pcscd.holding(chip):
        with HeldCard.in_reader(pcscd.slot()) as held, pytest.raises(PinNeeded):
            PivPass(held).sign(b"x")
        with Module(opensc_module()) as module, pytest.raises(CardRefused):
            TokenPass(TokenLink(module, pcscd.slot())).sign(b"x")


def test_reading_a_pass_takes_few_commands(
    pcscd: Pcscd, chip: VirtualCard, uzi_register: Register
) -> None:
    with pcscd.holding(chip) as link:
        reader = PivPassReader(reader=pcscd.slot())
        reader.tries_left()
        reader.open(Secret(PIN)).sign(b"challenge")
        reader.close()
    its_object = 1 + len(der(uzi_register.issue())) // 256
    assert link.seen <= 8 + its_object
