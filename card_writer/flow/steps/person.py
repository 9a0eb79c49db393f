"""Steps by the person at the desk: what is asked, and shown."""

from dataclasses import dataclass, field

from card_writer.card_edge import PinCharacters, SecretKind, WrongSecret
from card_writer.flow.pins import PinFault
from card_writer.flow.ports import Person
from card_writer.flow.steps.base import Dialogue, Secrets, ToPerson, do
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from pki.api.wire import HolderView
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardNumber
from pki.domain.people import BirthDate


@dataclass(frozen=True, slots=True, kw_only=True)
class PutIn(ToPerson[None]):
    """Have a card of this kind in its reader."""

    kind: CardKind
    again: bool = False

    async def ask(self, person: Person) -> None:
        await person.put_in(self.kind, again=self.again)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPassPin(ToPerson[Secret]):
    """The PIN of the pass."""

    tries_left: int | None
    refused: WrongSecret | None

    async def ask(self, person: Person) -> Secret:
        return await person.pass_pin(self.tries_left, self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLastTry(ToPerson[bool]):
    """Whether the last try may be spent."""

    which: SecretKind
    kind: CardKind

    async def ask(self, person: Person) -> bool:
        return await person.last_try(self.which, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskBirthDate(ToPerson[BirthDate]):
    """Show who the server sees; their birth date."""

    holder: HolderView

    async def ask(self, person: Person) -> BirthDate:
        return await person.birth_date(self.holder)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCardNumber(ToPerson[CardNumber]):
    """The number printed on the card."""

    async def ask(self, person: Person) -> CardNumber:
        return await person.card_number()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoosePin(ToPerson[Secret]):
    """A new PIN."""

    characters: PinCharacters
    fault: PinFault | None

    async def ask(self, person: Person) -> Secret:
        return await person.choose_pin(self.characters, self.fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePuk(ToPerson[Secret]):
    """Show the PUK; what was typed back of it."""

    puk: Secret = field(repr=False)
    mistaken: bool

    async def ask(self, person: Person) -> Secret:
        return await person.note_puk(self.puk, mistaken=self.mistaken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(ToPerson[Secrets]):
    """PIN and PUK of a card whose making was torn."""

    refused: WrongSecret | None

    async def ask(self, person: Person) -> Secrets:
        pin, puk = await person.recall(self.refused)
        return Secrets(pin=pin, puk=puk)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn(ToPerson[bool]):
    """Whether to go on after something was not there."""

    error: ZorgidError

    async def ask(self, person: Person) -> bool:
        return await person.go_on(self.error)


def unless_enough(error: ZorgidError) -> Dialogue[None]:
    """Raise it, unless the person wants to go on: nothing is tried again by itself."""
    if not (yield from do(GoOn(error=error))):
        raise error
