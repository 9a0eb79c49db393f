"""When a change was made, and who showed it since when."""

from dataclasses import dataclass

from issuance.desk import Desk
from issuance.ports import Enquiry
from issuance.rules.permissions import Action, Reach, require, require_for_card
from issuance.steps.enquiries import require_for_mobiel
from pki.domain.errors import NotFound
from pki.domain.events import touched
from pki.domain.evidence.receipts import Receipt
from pki.domain.identifiers import CardId, MobielId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.people import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTold:
    """A journal entry and its receipts; ``card``, ``mobiel``, ``serial`` where it is about one."""

    entry: JournalEntry
    receipts: tuple[Receipt, ...]

    @property
    def card(self) -> CardId | None:
        """The card that it changed."""
        card = getattr(self.entry.event, "card", None)
        return card if isinstance(card, CardId) else None

    @property
    def mobiel(self) -> MobielId | None:
        """The ZORG-ID Mobiel that it changed."""
        mobiel = getattr(self.entry.event, "mobiel", None)
        return mobiel if isinstance(mobiel, MobielId) else None

    @property
    def serial(self) -> SerialNumber | None:
        """The certificate whose status it changed."""
        found = touched(self.entry.event)
        return None if found is None else found[1]


async def change_for_operator(desk: Desk, operator: Operator, position: int) -> ChangeTold:
    """A change of a card or telephone that the operator may see; the ZORG-ID team may ask any.

    Raises:
        NotFound, Forbidden, Refused: no such change, or not for this operator.
        StoreUnavailable: the store cannot be read.
    """
    reach = require(operator, Action.READ_CARD)

    def look(snapshot: Enquiry) -> ChangeTold:
        entries = snapshot.journal_after(position - 1, 1)
        if not entries:
            raise _missing(position)
        told = ChangeTold(entry=entries[0], receipts=tuple(snapshot.receipts_of(position)))
        if told.card is not None:
            require_for_card(operator, Action.READ_CARD, snapshot.links_of(told.card))
        elif told.mobiel is not None:
            require_for_mobiel(snapshot, operator, told.mobiel)
        elif reach is not Reach.EVERYWHERE:
            raise _missing(position)
        return told

    return await desk.reader.read(look)


def _missing(position: int) -> NotFound:
    return NotFound(what="change", message=f"no change {position} of a card or telephone")
