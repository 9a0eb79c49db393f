"""Making a card, as a dialogue without any input or output of its own.

`make_card` yields steps and is sent their results. Driven again after a tear at any point it goes
on from the state of the card and of the server: the card keeps the key of its order, so that order,
certificate and confirmation are the same again; what was certified and never confirmed lapses.
"""

from dataclasses import dataclass
from typing import Final

from card_writer.card_edge import CardDiffers, CardRefused, Phase, PinNeeded, WrongSecret
from card_writer.flow.bench import Found
from card_writer.flow.pins import fault_of, is_end_of, new_puk
from card_writer.flow.proving import prove_pass
from card_writer.flow.received import check_certified, check_held, whole_chain
from card_writer.flow.run import Run
from card_writer.flow.steps.base import Dialogue, Secrets, do
from card_writer.flow.steps.person import (
    AskBirthDate,
    AskCardNumber,
    AskLastTry,
    ChoosePin,
    NotePuk,
    PutIn,
    Recall,
    unless_enough,
)
from card_writer.flow.steps.reader import (
    Begin,
    BeginOrder,
    Finish,
    HandOver,
    LogIn,
    MakeBlank,
    MakeRequest,
    ReadCard,
    ReadChain,
    SignWithCard,
    WriteChain,
)
from card_writer.flow.steps.server import Certify, Confirm, OrderCard
from card_writer.flow.stopped import Stopped
from card_writer.readers.recognition import CardKind
from card_writer.wrong_card import Mismatch, WrongCard
from pki.api.errors import ProblemAnswered
from pki.api.wire import CardView, CertifiedView, OrderRequest, SessionView
from pki.domain.errors import Unavailable
from pki.domain.identifiers import CardNumber
from pki.domain.people import BirthDate
from pki.ports import Entropy

LAPSED: Final = "vervallen"
ACTIVE: Final = "actief"
UNFINISHED: Final = frozenset({"aangevraagd", "uitgegeven"})
_OTHER_ORDER: Final = "idempotency-mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A card that works, with its certificate (DER)."""

    card: CardView
    certificate: bytes
    session: SessionView


def make_card(
    entropy: Entropy,
    *,
    birth_date: BirthDate | None = None,
    printed: CardNumber | None = None,
    begun_only: bool = False,
) -> Dialogue[Made]:
    """Lead from a UZI pass and a blank card, or one that was torn, to a card that works.

    Without ``birth_date`` the person is asked for it, and without ``printed`` for the card's number
    where the card does not tell it. ``begun_only``: a card that was never begun is left as it is.

    Raises:
        CardDiffers: what the server sent or the card holds does not belong there; the card is not
            confirmed.
        CardRefused, WrongSecret: pass or card cannot be used.
        ProblemAnswered: the server says no.
        Stopped: the person does not want to go on.
        Unavailable: card, reader or server went away; run again to go on.
    """
    session, certificate = yield from prove_pass()
    if birth_date is None:
        birth_date = yield from do(AskBirthDate(holder=session.holder))
    run = Run(
        session=session,
        certificate=certificate,
        birth_date=birth_date,
        entropy=entropy,
        given=printed,
        printed=printed,
        begun_only=begun_only,
    )
    again = False
    try:
        while True:
            try:
                return (yield from _make(run, again=again))
            except (Unavailable, WrongCard) as error:
                yield from unless_enough(error)
                again = run.same_card_after(error)
    finally:
        run.wipe()


def _make(run: Run, *, again: bool) -> Dialogue[Made]:
    yield from do(PutIn(kind=CardKind.ZORG_ID, again=again))
    found = yield from _read(run)
    if run.begun_only and found.order is None:
        raise CardRefused(
            message="nothing was begun on this card", next_step="make it: zorgid card create"
        )
    card = yield from _ordered(run, found)
    if card.state == LAPSED:
        yield from do(MakeBlank())
        found = yield from _read(run)
        card = yield from _ordered(run, found)
    if card.state == ACTIVE:
        return (yield from _already_made(run, found, card))
    if card.state not in UNFINISHED:
        run.number = None
        raise WrongCard(
            message=f"this card was made before; it is {card.state}",
            next_step="take a blank ZORG-ID card",
            why=Mismatch.IN_USE,
        )
    return (yield from _complete(run, found, card))


def _read(run: Run) -> Dialogue[Found]:
    found = yield from do(ReadCard(printed=run.printed))
    if found.number is None:
        run.printed = yield from do(AskCardNumber())
        found = yield from do(ReadCard(printed=run.printed))
    if run.number not in {None, found.number}:
        raise WrongCard(
            message="this is another card than the one that was begun",
            next_step="put that one in again; it says the number that was shown",
            why=Mismatch.NOT_BEGUN,
        )
    return found


def _ordered(run: Run, found: Found) -> Dialogue[CardView]:
    if found.number is None:
        raise AssertionError("the card's number was asked for")
    key = found.order
    if key is None:
        key = yield from do(BeginOrder())
    request = OrderRequest(
        birth_date=run.birth_date, card_number=found.number, certificate=run.certificate
    )
    run.number = found.number
    try:
        return (yield from do(OrderCard(token=run.session.token, key=key, request=request)))
    except ProblemAnswered as problem:
        if problem.problem_code == _OTHER_ORDER and found.order is not None:
            run.number = None
            raise _somebody_elses() from problem
        raise


def _somebody_elses() -> WrongCard:
    return WrongCard(
        message="this card was begun for another person, or with another birth date",
        next_step="check the birth date; else take a blank ZORG-ID card",
        why=Mismatch.OF_ANOTHER,
    )


def _already_made(run: Run, found: Found, card: CardView) -> Dialogue[Made]:
    """The server knows the card as active: only the answer to its confirmation was lost."""
    held = yield from do(ReadChain())
    certificate = check_held(card, held)
    if found.state.phase is not Phase.OPERATIONAL:
        yield from _marked(run)
    return Made(card=card, certificate=certificate, session=run.session)


def _marked(run: Run) -> Dialogue[None]:
    """The card is marked operational; some want their PIN for that."""
    try:
        yield from do(Finish())
    except PinNeeded:
        yield from _take_up(run)
        yield from do(Finish())


def _complete(run: Run, found: Found, card: CardView) -> Dialogue[Made]:
    handed = found.state.handed
    if run.secrets is None and found.characters is not None and not handed:
        run.secrets = yield from _chosen(run, found)
    if handed:
        yield from _take_up(run)
    else:
        yield from do(Begin())
    certified, message = yield from _certified(run, card)
    if not handed and run.secrets is not None:
        yield from do(HandOver(secrets=run.secrets))
    pin = None if run.secrets is None else run.secrets.pin
    sign = SignWithCard(challenge=certified.challenge, message=message, pin=pin)
    proof = yield from do(sign)
    confirm = Confirm(token=run.session.token, card=certified.card, proof=proof)
    confirmed = yield from do(confirm)
    yield from do(Finish())
    return Made(card=confirmed, certificate=certified.certificate, session=run.session)


def _certified(run: Run, card: CardView) -> Dialogue[tuple[CertifiedView, bytes]]:
    key = yield from do(MakeRequest(attest=run.session.attestation != "ignore"))
    asked = Certify(token=run.session.token, card=card, key=key)
    certified, message = yield from do(asked)
    check_certified(certified, run.session.holder, key.pkcs10)
    chain = whole_chain(certified)
    if (yield from do(WriteChain(chain=chain))) != chain:
        raise CardDiffers(
            message="the card does not hold the certificates that were written to it",
            next_step="put the card in again and repeat; if it stays so, take another blank card",
        )
    return certified, message


def _chosen(run: Run, found: Found) -> Dialogue[Secrets]:
    """A PIN of the holder's choice, and a PUK that they have written down."""
    if found.characters is None:
        raise AssertionError("a card without a PIN has none to choose")
    puk, fault, mistaken = new_puk(run.entropy), None, False
    while True:
        pin = yield from do(ChoosePin(characters=found.characters, fault=fault))
        birth_date = run.birth_date.value
        fault = fault_of(pin, characters=found.characters, puk=puk, birth_date=birth_date)
        if fault is None:
            break
        pin.wipe()
    while True:
        with (yield from do(NotePuk(puk=puk, mistaken=mistaken))) as typed:
            if is_end_of(typed, puk):
                return Secrets(pin=pin, puk=puk)
        mistaken = True


def _take_up(run: Run) -> Dialogue[None]:
    """PIN and PUK may be the holder's already: finish replacing them, and prove the PIN."""
    refused: WrongSecret | None = None
    while True:
        if run.secrets is None:
            run.secrets = yield from do(Recall(refused=refused))
        try:
            yield from do(HandOver(secrets=run.secrets))
            yield from do(LogIn(pin=run.secrets.pin))
        except WrongSecret as wrong:
            run.secrets.wipe()
            run.secrets, refused = None, wrong
            yield from _unless_blocked(wrong)
        else:
            return


def _unless_blocked(wrong: WrongSecret) -> Dialogue[None]:
    if wrong.tries_left == 0:
        raise wrong
    if wrong.tries_left == 1:
        ask = AskLastTry(which=wrong.which, kind=CardKind.ZORG_ID)
        if not (yield from do(ask)):
            raise Stopped(message="stopped before the last try", next_step=_FIND_PAPER)


_FIND_PAPER: Final = "look up PIN and PUK, then put the card in again"
