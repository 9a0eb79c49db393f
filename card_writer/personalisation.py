"""Making a card, as a dialogue without any input or output of its own.

`personalise` yields steps and is sent their results; who drives it talks to pass, card and server.
Driven again after a tear at any point, it goes on from the state of the card and the server.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from card_writer.card_edge import CardDiffers
from pki.api.wire import CardView, CertifiedView, ChallengeView, SessionView
from pki.domain.identifiers import CardNumber, IdempotencyKey
from pki.domain.people import BirthDate

Result = TypeVar("Result")
LAPSED: Final = "vervallen"
ACTIVE: Final = "actief"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[Result]):
    """One thing to be done outside; ``Result`` is what it gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPass(Step[bytes]):
    """The pass's authenticity certificate, DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskChallenge(Step[ChallengeView]):
    """A challenge for the pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession(Step[SessionView]):
    """Let the pass sign the challenge and open a session with it."""

    certificate: bytes
    challenge: ChallengeView


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCard(Step[tuple[CardNumber, IdempotencyKey | None]]):
    """The blank card's number, and the key of its order if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberOrder(Step[IdempotencyKey]):
    """Choose a new idempotency key and keep it on the card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeBlank(Step[None]):
    """Take what an ended order left off the card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCard(Step[CardView]):
    """Order the card; repeating it gives the same one."""

    token: str
    key: IdempotencyKey
    card_number: CardNumber
    birth_date: BirthDate
    certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeRequest(Step[bytes]):
    """Make the key on the card unless it is there; its PKCS#10 request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certify(Step[CertifiedView]):
    """Have the key certified; repeating it gives the same certificate."""

    token: str
    card: CardView
    pkcs10: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAndReadBack(Step[tuple[bytes, ...]]):
    """Write the chain to the card, leaf first; what the card then holds."""

    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCertificates(Step[tuple[bytes, ...]]):
    """What the card holds, leaf first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Step[CardView]):
    """Let the new key sign the challenge, and hand the signature in."""

    token: str
    card: CardView
    challenge: ChallengeView


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A card that works, with its certificate (DER)."""

    card: CardView
    certificate: bytes
    session: SessionView


Dialogue = Generator[Step[Any], Any, Made]


def _do(step: Step[Result]) -> Generator[Step[Any], Result, Result]:
    return (yield step)


def personalise(birth_date: BirthDate) -> Dialogue:
    """Lead from a UZI pass and a blank card to a card that works.

    Raises:
        CardDiffers: the card does not hold what was written to it; it is not confirmed.
    """
    certificate = yield from _do(ReadPass())
    challenge = yield from _do(AskChallenge())
    session = yield from _do(OpenSession(certificate=certificate, challenge=challenge))
    card = yield from _order(session.token, certificate, birth_date)
    if card.state == LAPSED:
        yield from _do(MakeBlank())
        card = yield from _order(session.token, certificate, birth_date)
    if card.state == ACTIVE:
        held = yield from _do(ReadCertificates())
        if not held:
            raise _differs()
        return Made(card=card, certificate=held[0], session=session)
    certified = yield from _certify(session.token, card)
    confirmation = Confirm(token=session.token, card=certified.card, challenge=certified.challenge)
    confirmed = yield from _do(confirmation)
    return Made(card=confirmed, certificate=certified.certificate, session=session)


def _certify(token: str, card: CardView) -> Generator[Step[Any], Any, CertifiedView]:
    pkcs10 = yield from _do(MakeRequest())
    certified = yield from _do(Certify(token=token, card=card, pkcs10=pkcs10))
    chain = (certified.certificate, *certified.chain)
    held = yield from _do(WriteAndReadBack(chain=chain))
    if held != chain:
        raise _differs()
    return certified


def _differs() -> CardDiffers:
    return CardDiffers(
        message="the card does not hold the certificates that were written to it",
        next_step="put the card in again and repeat; if it stays so, take another blank card",
    )


def _order(
    token: str, certificate: bytes, birth_date: BirthDate
) -> Generator[Step[Any], Any, CardView]:
    number, key = yield from _do(ReadCard())
    if key is None:
        key = yield from _do(RememberOrder())
    order = OrderCard(
        token=token, key=key, card_number=number, birth_date=birth_date, certificate=certificate
    )
    return (yield from _do(order))
