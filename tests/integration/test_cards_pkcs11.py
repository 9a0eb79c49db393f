"""Cards that only a PKCS#11 module writes, whole, on SoftHSM2; and a module that dies or hangs."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from card_writer.card_edge import (
    CardDiffers,
    CardGone,
    CardRefused,
    HolderCard,
    Phase,
    PinNeeded,
    SecretKind,
    WrongSecret,
)
from card_writer.pkcs11.card import TokenCard
from card_writer.pkcs11.module import Answer, Module, TokenInfo
from card_writer.pkcs11.readers import TokenCardReader
from card_writer.secret import Secret
from desks.made import ISSUERS, NUMBER, ORDER, PUK, certificate
from peers import require
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid
from strangers.softhsm import SoftHsm

pytestmark = pytest.mark.softhsm
PIN = b"aB3x97"


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """Tokens of this test alone: at first one, which was never initialised."""
    require("softhsm")
    made = SoftHsm.make(tmp_path / "softhsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.config))
    return made


def reader_name(tokens: SoftHsm) -> str:
    """The reader in which the card lies; SoftHSM names it anew whenever it is loaded."""
    with Module(tokens.module) as module:
        known = module.tokens()
        return next((each.reader for each in known if each.initialised), known[0].reader)


@pytest.fixture
def reader(tokens: SoftHsm) -> Iterator[TokenCardReader]:
    made = TokenCardReader(path=tokens.module, reader=reader_name(tokens), key_type=KeyType.P256)
    yield made
    made.close()


def put_in_again(tokens: SoftHsm, reader: TokenCardReader) -> TokenCard:
    reader.close()
    reader.reader = reader_name(tokens)
    return reader.open(None)


def begin(card: HolderCard) -> tuple[bytes, ...]:
    """As far as the hand-over; the chain that was written."""
    if card.order_key() is None:
        card.begin_order(ORDER)
    card.begin()
    card.ensure_key()
    request = x509.load_der_x509_csr(card.certification_request())
    assert request.is_signature_valid
    chain = (certificate(request.public_key(), "Jan"), *ISSUERS)
    card.write_certificates(chain)
    assert card.certificates() == chain
    return chain


def hand_over(card: HolderCard) -> None:
    card.hand_over(pin=Secret(PIN), puk=Secret(PUK))
    card.start_afresh()
    card.log_in(Secret(PIN))
    assert card.sign(b"challenge")
    card.finish()


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.RSA_2048])
def test_a_card_is_made(tokens: SoftHsm, reader: TokenCardReader, key_type: KeyType) -> None:
    reader.key_type = key_type
    card = reader.open(NUMBER)
    assert card.state().phase is Phase.BLANK
    chain = begin(card)
    hand_over(card)
    again = put_in_again(tokens, reader)
    assert (again.state().phase, again.order_key()) == (Phase.OPERATIONAL, ORDER)
    assert (again.card_number(), again.certificates()) == (NUMBER, chain)
    shown = tokens.run("--show-slots")
    assert "ZORG-ID Smartcard" in shown
    with pytest.raises(PinNeeded):
        again.sign(b"x")
    again.log_in(Secret(PIN))
    assert again.sign(b"x")


def test_foreign_tools_find_key_and_certificates(tokens: SoftHsm, reader: TokenCardReader) -> None:
    card = reader.open(NUMBER)
    begin(card)
    hand_over(card)
    reader.close()
    words = ["pkcs11-tool", "--module", str(tokens.module), "--login", "--pin", PIN.decode(), "-O"]
    words += ["--token-label", "ZORG-ID Smartcard"]
    done = subprocess.run(words, env=tokens.environment, capture_output=True, text=True, check=True)
    told = done.stdout
    assert told.count("Certificate Object") == 3
    assert "sensitive, always sensitive, never extractable, local" in told


@dataclass
class Torn:
    """A module whose process is gone once the ``count``-th call of a name was carried out."""

    module: Module
    name: str
    count: int

    def tokens(self) -> tuple[TokenInfo, ...]:
        return self.module.tokens()

    def call(self, name: str, *parts: Secret | bytes, **fields: Any) -> Answer:
        answer = self.module.call(name, *parts, **fields)
        self.count -= name == self.name
        if self.count == 0:
            os.kill(self.module.process_id, signal.SIGKILL)
            return self.module.call("close")
        return answer


def make(card: HolderCard) -> None:
    if not card.state().handed:
        begin(card)
    hand_over(card)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("init_token", 1),
        ("init_pin", 1),
        ("put_note", 1),
        ("generate", 1),
        ("put_certificate", 2),
        ("put_note", 3),
        ("set_pin", 1),
        ("set_pin", 2),
        ("put_note", 4),
    ],
)
def test_torn_at_any_change_it_comes_right(
    tokens: SoftHsm, reader: TokenCardReader, name: str, count: int
) -> None:
    card = reader.open(NUMBER)
    assert isinstance(card.link.module, Module)
    card.link.module = Torn(card.link.module, name, count)
    with pytest.raises(CardGone) as gone:
        make(card)
    assert gone.value.outcome_unknown
    again = put_in_again(tokens, reader)
    again.printed = NUMBER
    make(again)
    assert again.state().phase is Phase.OPERATIONAL
    with pytest.raises(WrongSecret):
        again.log_in(Secret(b"123456"))
    again.log_in(Secret(PIN))
    again.unblock_pin(puk=Secret(PUK), new=Secret(b"other9"))


def test_pin_is_changed_and_unblocked(reader: TokenCardReader) -> None:
    card = reader.open(NUMBER)
    begin(card)
    hand_over(card)
    card.change_pin(old=Secret(PIN), new=Secret(b"new123"))
    with pytest.raises(WrongSecret) as wrong:
        card.log_in(Secret(PIN))
    assert (wrong.value.which, wrong.value.tries_left) == (SecretKind.PIN, 2)
    with pytest.raises(WrongSecret) as wrong:
        card.unblock_pin(puk=Secret(b"11111111"), new=Secret(b"other9"))
    assert wrong.value.which is SecretKind.PUK
    card.unblock_pin(puk=Secret(PUK), new=Secret(b"other9"))
    with pytest.raises(PinNeeded):
        card.sign(b"x")
    card.log_in(Secret(b"other9"))
    assert card.sign(b"x")


def test_a_pin_of_another_form_is_never_sent(reader: TokenCardReader) -> None:
    card = reader.open(NUMBER)
    for bad in (b"12345", b"123456789", "12345é".encode()):
        with pytest.raises(CardRefused, match="6 to 8"):
            card.log_in(Secret(bad))


def test_it_is_made_blank_with_its_pin_alone(tokens: SoftHsm, reader: TokenCardReader) -> None:
    card = reader.open(NUMBER)
    begin(card)
    hand_over(card)
    again = put_in_again(tokens, reader)
    with pytest.raises(PinNeeded):
        again.make_blank()
    again.log_in(Secret(PIN))
    again.make_blank()
    assert (again.state().phase, again.order_key(), again.certificates()) == (Phase.BLANK, None, ())
    assert again.card_number() == NUMBER
    again.begin_order(ORDER)
    again.ensure_key()


def test_a_token_in_use_for_something_else_is_left_alone(
    tokens: SoftHsm, reader: TokenCardReader
) -> None:
    card = reader.open(NUMBER)
    with Secret(b"12345678") as puk, Secret(b"123456") as pin:
        card.link.initialise(puk, "other")
        card.link.open(SecretKind.PUK, puk)
        card.link.call("init_pin", pin)
        card.link.open(SecretKind.PIN, pin)
    card.link.put_certificate(ISSUERS[0], key="01", label="other")
    with pytest.raises(CardRefused, match="did not write"):
        put_in_again(tokens, reader).state()


def test_a_certificate_for_another_key_is_never_written(reader: TokenCardReader) -> None:
    card = reader.open(NUMBER)
    card.begin_order(ORDER)
    card.ensure_key()
    with pytest.raises(CardRefused, match="another key"):
        card.write_certificates(ISSUERS)
    assert card.certificates() == ()


def test_a_key_that_was_exchanged_is_noticed(reader: TokenCardReader) -> None:
    card = reader.open(NUMBER)
    begin(card)
    for kind in ("private-key", "public-key"):
        card.link.call("remove", kind=kind)
    card.link.call("generate", key="01", label="other", kind="p-256")
    with pytest.raises(CardDiffers):
        card.sign(b"x")


def test_a_module_that_crashes_takes_nobody_along(reader: TokenCardReader) -> None:
    card = reader.open(NUMBER)
    assert isinstance(card.link.module, Module)
    os.kill(card.link.module.process_id, signal.SIGKILL)
    with pytest.raises(CardGone) as gone:
        card.begin_order(ORDER)
    assert gone.value.outcome_unknown


def test_a_module_that_hangs_is_given_up(tokens: SoftHsm) -> None:
    with Module(tokens.module, answer_seconds=1) as module:
        os.kill(module.process_id, signal.SIGSTOP)
        with pytest.raises(CardGone, match="hangs"):
            module.tokens()


def test_what_is_no_module_is_told(tmp_path: Path) -> None:
    library = tmp_path / "no module.so"
    library.write_bytes(b"no library")
    with pytest.raises(ConfigurationInvalid, match="no module"):
        Module(library)
