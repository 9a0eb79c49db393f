"""Steps with a card that is made already: its PIN, its PUK, its key."""

from dataclasses import dataclass, field

from card_writer.card_edge import SecretKind
from card_writer.flow.bench import Bench
from card_writer.flow.ports import CardStatus, Person
from card_writer.flow.steps.base import AtReader, OnReader, ToPerson, ToStatus
from card_writer.secret import Secret
from pki.domain.status import Good, OnHold, Revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCardSecret(ToPerson[Secret]):
    """The card's PIN or PUK."""

    which: SecretKind
    tries_left: int | None

    async def ask(self, person: Person) -> Secret:
        return await person.card_secret(self.which, self.tries_left)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePin(OnReader[None]):
    """Replace the PIN."""

    old: Secret = field(repr=False)
    new: Secret = field(repr=False)

    def do(self, bench: Bench) -> None:
        bench.card.change_pin(old=self.old, new=self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePinAtReader(AtReader[None]):
    """Replace the PIN, old and new ones typed at the reader."""

    def do(self, bench: Bench) -> None:
        bench.keypad.change_pin()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblockPin(OnReader[None]):
    """Set a new PIN with the PUK."""

    puk: Secret = field(repr=False)
    new: Secret = field(repr=False)

    def do(self, bench: Bench) -> None:
        bench.card.unblock_pin(puk=self.puk, new=self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignAfterPin(OnReader[bytes]):
    """Prove the PIN, where there is one, and let the card's key sign."""

    pin: Secret | None = field(repr=False)
    message: bytes

    def do(self, bench: Bench) -> bytes:
        if self.pin is not None:
            bench.card.log_in(self.pin)
        return bench.card.sign(self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignAtReader(AtReader[bytes]):
    """Prove the PIN, typed at the reader, and let the card's key sign."""

    message: bytes

    def do(self, bench: Bench) -> bytes:
        bench.keypad.log_in()
        return bench.card.sign(self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStatus(ToStatus[Good | OnHold | Revoked | None]):
    """What the CA's status service says of the card's certificate."""

    chain: tuple[bytes, ...]

    async def look(self, status: CardStatus) -> Good | OnHold | Revoked | None:
        return await status.ask(self.chain)
