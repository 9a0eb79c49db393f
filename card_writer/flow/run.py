"""What one making of a card has learnt so far."""

from dataclasses import dataclass, field

from card_writer.flow.steps.base import Secrets
from card_writer.wrong_card import WrongCard
from pki.api.wire import SessionView
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardNumber
from pki.domain.people import BirthDate
from pki.ports import Entropy


@dataclass(slots=True, kw_only=True)
class Run:
    """Kept while a card goes away and comes back.

    ``number`` is that of the card that the server knows of: from then on no other will do.
    ``printed`` was read from the card that lies there, ``given`` when the run began.
    """

    session: SessionView
    certificate: bytes
    birth_date: BirthDate
    entropy: Entropy
    given: CardNumber | None
    printed: CardNumber | None
    begun_only: bool
    number: CardNumber | None = field(default=None)
    secrets: Secrets | None = field(default=None)

    def same_card_after(self, error: ZorgidError) -> bool:
        """Whether the same card is to be put in again after this; else another one."""
        if isinstance(error, WrongCard) and self.number is None:
            self.printed = self.given
            return False
        return True

    def wipe(self) -> None:
        """Overwrite PIN and PUK."""
        if self.secrets is not None:
            self.secrets.wipe()
