"""Cards are recognised by their answer to reset."""

import pytest

from card_writer.readers.recognition import UZI_PASSES, AtrMask, CardKind, recognise
from pki.domain.errors import ConfigurationInvalid

GENUINE = (
    "3BFD1800FF8131FE4543494247555A494A324130383158",
    "3BDC18FF8191FE1FC3060A2B06010401E910050203D1",
    "3BDC18FF8191FE1FC3060A2B06010401E910050204D6",
)


@pytest.mark.parametrize("atr", GENUINE)
def test_a_uzi_pass_is_known(atr: str) -> None:
    assert recognise(bytes.fromhex(atr), UZI_PASSES) is CardKind.UZI_PASS


@pytest.mark.parametrize(
    "atr", ["", "3B00", GENUINE[0][:-2], GENUINE[0] + "00", GENUINE[1][:-2] + "D6"]
)
def test_others_are_not(atr: str) -> None:
    assert recognise(bytes.fromhex(atr), UZI_PASSES) is None


def test_a_mask_leaves_digits_open() -> None:
    mask = AtrMask.read(CardKind.ZORG_ID, "3b fx 11 xx")
    assert mask.fits(bytes.fromhex("3bf811aa"))
    assert not mask.fits(bytes.fromhex("3be811aa"))
    assert not mask.fits(bytes.fromhex("3bf811"))


@pytest.mark.parametrize("text", ["", "3b", "3b1", "3bzz", "3b" * 34])
def test_masks_that_are_none(text: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        AtrMask.read(CardKind.ZORG_ID, text)
