"""What making a card needs of the desk: readers, the person who sits at it, and the server."""

from typing import TYPE_CHECKING, Any, Protocol

from card_writer.at_reader import PinEntry
from card_writer.card_edge import HolderCard, PassEdge, PinCharacters, SecretKind, WrongSecret
from card_writer.flow.pins import PinFault
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from pki.api.wire import (
    CardView,
    CertificateRequest,
    CertifiedView,
    ChallengeView,
    ConfirmationRequest,
    HolderView,
    OrderRequest,
    SessionRequest,
    SessionView,
)
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardId, CardNumber, IdempotencyKey
from pki.domain.people import BirthDate
from pki.domain.status import Good, OnHold, Revoked

if TYPE_CHECKING:
    from card_writer.flow.steps.base import Step


class PassReader(Protocol):
    """Where a UZI pass is put in. Its calls may block; they come from one thread."""

    @property
    def pin_entry(self) -> PinEntry:
        """Where its PIN is typed.

        Raises:
            CardGone, ReaderBusy: it cannot be read.
        """
        ...

    def tries_left(self) -> int | None:
        """How often the PIN may be tried, as far as the pass tells; spends none.

        Raises:
            CardGone, ReaderBusy: it cannot be read.
        """
        ...

    def open(self, pin: Secret | None) -> PassEdge:
        """Prove the PIN, once; None: it is typed at the reader, or there is none.

        Raises:
            PinNotTyped: nobody typed one at the reader.
            WrongSecret: it is wrong or blocked.
            CardGone, ReaderBusy, CardRefused: there is no such pass, or none that can be used.
        """
        ...

    def close(self) -> None:
        """Let the pass go; repeated, nothing happens."""
        ...


class CardReader(Protocol):
    """Where a ZORG-ID card is put in. Its calls may block; they come from one thread."""

    def open(self, printed: CardNumber | None) -> HolderCard:
        """The card that lies there now; ``printed`` is the number on it, where somebody read it.

        Raises:
            CardGone, ReaderBusy, CardRefused: there is none, or none that can be used.
        """
        ...

    def close(self) -> None:
        """Let the card go; repeated, nothing happens."""
        ...


class Person(Protocol):
    """Who sits at the desk: by prompts, by a page, or a stand-in.

    Each question may raise `Stopped`. Secrets become the dialogue's, which wipes them.
    """

    async def put_in(self, kind: CardKind, *, again: bool) -> None:
        """Have a card put in; done when it lies there. ``again``: it went away before."""
        ...

    async def pass_pin(self, tries_left: int | None, refused: WrongSecret | None) -> Secret:
        """The PIN of the UZI pass; ``refused`` is what became of the one before."""
        ...

    async def last_try(self, which: SecretKind, kind: CardKind) -> bool:
        """Whether to go on although one more mistake blocks it."""
        ...

    async def birth_date(self, holder: HolderView) -> BirthDate:
        """Show who the server sees, and that they may have a card; ask for their birth date."""
        ...

    async def card_number(self) -> CardNumber:
        """The number that is printed on the card."""
        ...

    async def choose_pin(self, characters: PinCharacters, fault: PinFault | None) -> Secret:
        """A new PIN for the card; ``fault`` is what was wrong with the one before."""
        ...

    async def note_puk(self, puk: Secret, *, mistaken: bool) -> Secret:
        """Show the PUK, to be written down; its last four characters, typed without seeing it."""
        ...

    async def recall(self, refused: WrongSecret | None) -> tuple[Secret, Secret]:
        """PIN and PUK that were chosen and written down when this card was begun."""
        ...

    async def card_secret(self, which: SecretKind, tries_left: int | None) -> Secret:
        """PIN or PUK of a card that was made before."""
        ...

    async def go_on(self, error: ZorgidError) -> bool:
        """Whether to go on where it stopped, after what hindered was mended."""
        ...

    def doing(self, step: "Step[Any]") -> None:
        """What is about to be done, to be shown."""
        ...


class CardStatus(Protocol):
    """The status service of the CA."""

    async def ask(self, chain: tuple[bytes, ...]) -> Good | OnHold | Revoked | None:
        """What it says of the first certificate, whose issuer comes next; None: it knows it not.

        Raises:
            Unavailable: there is no answer.
            IntegrityBroken: the answer is not the issuer's.
        """
        ...


class Issuance(Protocol):
    """The issuance API, as `pki.api.client.IssuanceClient` calls it."""

    def message_to_sign(self, challenge: ChallengeView) -> bytes:
        """What answers a challenge, once signed."""
        ...

    async def challenge(self) -> ChallengeView:
        """A challenge for a pass."""
        ...

    async def open_session(self, request: SessionRequest) -> SessionView:
        """Prove to hold a pass."""
        ...

    async def order_card(self, token: str, key: IdempotencyKey, request: OrderRequest) -> CardView:
        """Order a card."""
        ...

    async def certify(
        self, token: str, card_id: CardId, request: CertificateRequest
    ) -> CertifiedView:
        """Have its key certified."""
        ...

    async def confirm(self, token: str, card_id: CardId, request: ConfirmationRequest) -> CardView:
        """Prove that the card holds that key."""
        ...
