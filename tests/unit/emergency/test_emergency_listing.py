"""A list of serials as people make them, and the order that is signed."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance.emergency import listing
from issuance.emergency.listing import Doubled, read_listing
from issuance.emergency.order import REASONS, RevocationOrder
from pki.domain.cards import Active, Card
from pki.domain.errors import Malformed
from pki.domain.identifiers import (
    ISSUED_SERIAL_LIMIT,
    ISSUED_SERIAL_MIN,
    CardNumber,
    MobielId,
    SerialNumber,
)
from pki.domain.mobiel.records import MobielIdentity
from pki.domain.reasons import REVOKE_REASON_CODES, RevocationReason
from stores.phones import mobiel
from stores.samples import NOON, card

A, B = SerialNumber(ISSUED_SERIAL_MIN + 7), SerialNumber(ISSUED_SERIAL_MIN + 5)
CARD, PHONE = card(1, Active(at=NOON, serial=A)), replace(mobiel(1), serial=B)


@dataclass(frozen=True)
class Known:
    """A card and a telephone, or neither."""

    has: bool = True

    def card_by_number(self, number: CardNumber, /) -> Card | None:
        return CARD if self.has and number == CARD.card_number else None

    def mobiel(self, mobiel_id: MobielId, /) -> MobielIdentity | None:
        return PHONE if self.has and mobiel_id == PHONE.id else None


NOBODY = Known(has=False)
serials = st.integers(ISSUED_SERIAL_MIN, ISSUED_SERIAL_LIMIT - 1).map(SerialNumber)


@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n",
        f"\ufeffSerial Number;holder\r\n{A};x\r\n\r\n{B};y",
        f'serial,why\n"{A}","lost, or stolen"\n# a remark\n  {B.hex.upper()}  ,\n',
        f"dec:{A.decimal}\n{B.to_bytes().hex(':')}\n",
    ],
)
def test_what_a_spreadsheet_makes_of_a_list_is_read(text: str) -> None:
    found = read_listing(text, NOBODY)
    assert found.serials == (B, A)
    assert (found.doubled, found.unreadable) == ((), ())


def test_doubled_and_unreadable_lines_are_named() -> None:
    spoilt = "7.30751E+47"
    found = read_listing(f"serienummer\n{A}\n{spoilt}\n{B}\n{A}\n\nnone\nserial\n", NOBODY)
    assert found.serials == (B, A)
    assert found.doubled == (Doubled(line=5, serial=A),)
    assert found.unreadable == (3, 7, 8)


def test_what_has_a_number_stands_for_its_certificate() -> None:
    said = (f"card:{CARD.card_number}", f"mobiel:{PHONE.id}", "card:NOBODY", "mobiel:12", str(A))
    found = read_listing("\n".join(said), Known())
    assert found.serials == (B, A)
    assert [each.serial for each in found.lines] == [A, B, None, None, A]
    assert (found.unreadable, found.doubled) == ((3, 4), (Doubled(line=5, serial=A),))


@pytest.mark.parametrize("text", ["", "serial\n", "# nothing\n", "no\n"])
def test_an_empty_list_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match=" lines name 0 certificates"):
        read_listing(text, NOBODY)


def test_a_list_that_no_signed_file_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST", 3)
    text = "\n".join(f"dec:{ISSUED_SERIAL_MIN + number}" for number in range(4))
    with pytest.raises(Malformed, match="4 lines name 4 certificates"):
        read_listing(text, NOBODY)


@given(st.text())
def test_any_text_gives_a_list_or_malformed(text: str) -> None:
    try:
        found = read_listing(text, NOBODY)
    except Malformed:
        return
    assert list(found.serials) == sorted(set(found.serials))


@given(st.lists(serials, min_size=1, max_size=20))
def test_the_same_list_in_any_order_gives_the_same_octets(named: list[SerialNumber]) -> None:
    def order(lines: list[SerialNumber]) -> RevocationOrder:
        return RevocationOrder(
            installation="0" * 32,
            kind="practice",
            reason="keyCompromise",
            compromised_since=datetime(2026, 11, 20, tzinfo=UTC),
            serials=read_listing("\n".join(map(str, lines)), NOBODY).serials,
        )

    assert order(named).octets == order([*reversed(named), *named]).octets
    shown = json.loads(order(named).octets)
    assert shown["serials"] == sorted({each.hex for each in named})
    assert shown["compromised_since"] == "2026-11-20T00:00:00.000000Z"


def test_the_reasons_are_called_as_rfc_5280_calls_their_codes() -> None:
    for name, reason in REASONS.items():
        code = REVOKE_REASON_CODES[reason]
        assert code is not None
        words = code.name.split("_")
        assert name == words[0].lower() + "".join(word.title() for word in words[1:])
    assert RevocationReason.CERTIFICATE_HOLD not in map(REVOKE_REASON_CODES.get, REASONS.values())
