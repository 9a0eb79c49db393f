"""Which card is which: by its answer to reset while it lies there, by its application once used."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from card_writer.piv.readers import PivCardReader, PivPassReader
from card_writer.piv.rights import PivSettings
from card_writer.programs.opening import look, placed
from card_writer.programs.sentences import sentence_of
from card_writer.programs.settings import DeskSettings, check
from card_writer.readers.recognition import UZI_PASSES, CardKind, recognise
from card_writer.secret import Secret
from card_writer.wrong_card import Mismatch, WrongCard
from desks.made import Counting
from made.uzi import Register
from virtual_card.pcscd import Pcscd
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.uzi import PIN, uzi_pass

pytestmark = pytest.mark.pcsc
GENUINE = tuple(mask.value for mask in UZI_PASSES)
OTHER_NAME = "D276000124"


def desk(folder: Path, **sections: Mapping[str, object]) -> DeskSettings:
    server: dict[str, object] = {"url": "https://zorgid.example"}
    found: dict[str, object] = {"server": server}
    for name in ("pass", "card"):
        found[name] = {"driver": "piv", **sections.get(name, {})}
    return check(found, directory=folder)


@pytest.mark.parametrize("atr", GENUINE, ids=bytes.hex)
def test_a_pass_is_known_before_it_is_talked_to(
    pcscd: Pcscd, tmp_path: Path, uzi_register: Register, atr: bytes
) -> None:
    chip = uzi_pass(uzi_register)
    chip.atr = atr
    with pcscd.holding(chip) as link:
        (slot, _) = look()
        assert (slot.atr, recognise(slot.atr, UZI_PASSES)) == (atr, CardKind.UZI_PASS)
        for_both = desk(tmp_path)
        assert placed(for_both, CardKind.UZI_PASS, (slot,))
        assert not placed(for_both, CardKind.ZORG_ID, (slot,))
        assert link.seen == 0


def test_an_unknown_pass_with_the_right_application_is_used(
    pcscd: Pcscd, tmp_path: Path, uzi_register: Register
) -> None:
    """Where both kinds share a reader somebody says that it lies there."""
    chip = uzi_pass(uzi_register)
    own = desk(tmp_path, **{"pass": {"reader": pcscd.slot(0)}, "card": {"reader": pcscd.slot(1)}})
    with pcscd.holding(chip):
        slots = look()
        assert recognise(slots[0].atr, UZI_PASSES) is None
        assert not placed(desk(tmp_path), CardKind.UZI_PASS, slots)
        assert placed(own, CardKind.UZI_PASS, slots)
        assert not placed(own, CardKind.ZORG_ID, slots)
        reader = PivPassReader(reader=pcscd.slot(), aid=own.uzi_pass.application)
        assert reader.open(Secret(PIN)).sign(b"challenge")
        reader.close()


@pytest.mark.parametrize("atr", GENUINE, ids=bytes.hex)
def test_a_known_pass_without_the_application_is_told_and_not_asked_for_its_pin(
    pcscd: Pcscd, tmp_path: Path, uzi_register: Register, atr: bytes
) -> None:
    settings = desk(tmp_path, **{"pass": {"aid": OTHER_NAME}})
    chip = uzi_pass(uzi_register)
    chip.atr = atr
    with pcscd.holding(chip) as link:
        assert placed(settings, CardKind.UZI_PASS, look())
        reader = PivPassReader(reader=pcscd.slot(), aid=settings.uzi_pass.application)
        for use in (reader.tries_left, lambda: reader.open(Secret(PIN))):
            with pytest.raises(WrongCard, match=OTHER_NAME) as caught:
                use()
            assert caught.value.why is Mismatch.OTHER_KIND
            assert "een andere soort" in sentence_of(caught.value, "nl")
        reader.close()
        assert (link.seen, chip.pin.left) == (2, 3)


def test_a_card_is_known_by_the_mask_and_used_by_the_application_that_are_configured(
    pcscd: Pcscd, tmp_path: Path
) -> None:
    chip = VirtualCard()
    mask = chip.atr.hex()[:-2] + "xx"
    settings = desk(tmp_path, card={"atr": [mask], "aid": "A000000308000010000100"})
    other = desk(tmp_path, card={"atr": [mask], "aid": OTHER_NAME})
    with pcscd.holding(chip) as link:
        slots = look()
        assert placed(settings, CardKind.ZORG_ID, slots)
        assert not placed(settings, CardKind.UZI_PASS, slots)
        for asked, good in ((settings, True), (other, False)):
            piv = PivSettings(aid=asked.card.application)
            reader = PivCardReader(reader=pcscd.slot(), settings=piv, entropy=Counting())
            card, before = reader.open(None), link.seen
            if good:
                assert card.order_key() is None
            else:
                with pytest.raises(WrongCard):
                    card.order_key()
                assert link.seen == before + 1
            reader.close()
