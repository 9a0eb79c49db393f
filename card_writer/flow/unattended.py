# ruff: noqa: ARG002 -- it has the signatures of the ports that it fulfils
"""Nobody sits at the desk: whatever has to be asked ends the run."""

from typing import Any

from card_writer.card_edge import PinCharacters, SecretKind, WrongSecret
from card_writer.flow.pins import PinFault
from card_writer.flow.steps.base import Step
from card_writer.flow.stopped import Stopped
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from pki.api.wire import HolderView
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardNumber
from pki.domain.people import BirthDate


class Unattended:
    """For software tokens, which have no PIN and are never taken out."""

    async def put_in(self, kind: CardKind, *, again: bool) -> None:
        """It lies there already."""

    async def pass_pin(self, tries_left: int | None, refused: WrongSecret | None) -> Secret:
        """Nobody types one."""
        raise _nobody("the PIN of the UZI pass")

    async def last_try(self, which: SecretKind, kind: CardKind) -> bool:
        """Never spent."""
        return False

    async def birth_date(self, holder: HolderView) -> BirthDate:
        """Nobody types one."""
        raise _nobody("a birth date")

    async def card_number(self) -> CardNumber:
        """Nobody reads it."""
        raise _nobody("the number printed on the card")

    async def choose_pin(self, characters: PinCharacters, fault: PinFault | None) -> Secret:
        """Nobody chooses one."""
        raise _nobody("a new PIN")

    async def note_puk(self, puk: Secret, *, mistaken: bool) -> Secret:
        """Nobody writes it down."""
        raise _nobody("somebody who writes the PUK down")

    async def recall(self, refused: WrongSecret | None) -> tuple[Secret, Secret]:
        """Nobody remembers."""
        raise _nobody("PIN and PUK of the card")

    async def card_secret(self, which: SecretKind, tries_left: int | None) -> Secret:
        """Nobody types one."""
        raise _nobody(f"the {which.value} of the card")

    async def go_on(self, error: ZorgidError) -> bool:
        """Nobody mends anything."""
        return False

    def doing(self, step: Step[Any]) -> None:
        """Nobody looks."""


def _nobody(what: str) -> Stopped:
    return Stopped(message=f"{what} is needed", next_step="run this where somebody can answer")
