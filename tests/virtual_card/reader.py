"""A reader without PC/SC: a card's chip, cut off at a chosen APDU."""

from dataclasses import dataclass, field

from card_writer.card_edge import CardGone
from virtual_card.link import Chip


@dataclass(slots=True)
class ChipReader:
    """Fulfils the driver's transport.

    ``cut_before`` and ``cut_after`` count APDUs from 0: the card is gone before it sees that one,
    or after it acted and before it answered.
    """

    chip: Chip
    cut_before: int | None = None
    cut_after: int | None = None
    heads: list[bytes] = field(default_factory=list)

    def transmit(self, apdu: bytearray) -> bytes:
        index = len(self.heads)
        self.heads.append(bytes(apdu[:4]))
        if index == self.cut_before:
            raise self._gone()
        answer = self.chip.transmit(bytes(apdu))
        if index == self.cut_after:
            raise self._gone()
        return answer

    def reset(self) -> None:
        self.chip.power_on()

    def _gone(self) -> CardGone:
        self.chip.power_on()
        return CardGone(message="pulled out", next_step="put it in again", outcome_unknown=True)
