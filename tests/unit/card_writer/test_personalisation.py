"""The dialogue that makes a card, driven by hand: no card, no network."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from card_writer.card_edge import CardDiffers
from card_writer.personalisation import (
    AskChallenge,
    Certify,
    Confirm,
    Dialogue,
    Made,
    MakeBlank,
    MakeRequest,
    OpenSession,
    OrderCard,
    ReadCard,
    ReadCertificates,
    ReadPass,
    RememberOrder,
    Step,
    WriteAndReadBack,
    personalise,
)
from pki.api.wire import CardView, CertifiedView, ChallengeView, HolderView, SessionView
from pki.domain.identifiers import (
    CardId,
    CardNumber,
    ChallengeId,
    IdempotencyKey,
    SerialNumber,
    Ura,
    UziNumber,
)
from pki.domain.people import BirthDate
from pki.domain.records import ChallengePurpose

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = IdempotencyKey("k" * 32)
NUMBER = CardNumber("ZID-0001")
BIRTH_DATE = BirthDate(date(1980, 2, 29))


def card(state: str) -> CardView:
    return CardView(
        card_id=CardId("0" * 32),
        state=state,
        since=NOW,
        ura=Ura("90000382"),
        card_number=NUMBER,
        serial=SerialNumber(1 << 157),
        block_reason=None,
        revoke_reason=None,
        revoked_at=None,
    )


def challenge(purpose: ChallengePurpose) -> ChallengeView:
    return ChallengeView(
        challenge_id=ChallengeId("1" * 32), purpose=purpose, nonce=b"n" * 32, expires_at=NOW
    )


SESSION = SessionView(
    token="t" * 43,
    expires_at=NOW,
    holder=HolderView(
        uzi_number=UziNumber("900021219"),
        ura=Ura("90000382"),
        organisation="Tést",
        surname="Vries",
        given_names="Jan",
        common_name="Jan Vries",
    ),
    eligible=True,
)


def certified() -> CertifiedView:
    return CertifiedView(
        card=card("uitgegeven"),
        certificate=b"leaf",
        chain=[b"ca", b"root"],
        challenge=challenge(ChallengePurpose.CONFIRM_CARD),
    )


def always(value: Any) -> Callable[[Step[Any]], Any]:
    return lambda _step: value


def script(**changes: Any) -> dict[type[Step[Any]], Callable[[Step[Any]], Any]]:
    answers: dict[type[Step[Any]], Any] = {
        ReadPass: b"pass",
        AskChallenge: challenge(ChallengePurpose.OPEN_SESSION),
        OpenSession: SESSION,
        ReadCard: (NUMBER, None),
        RememberOrder: KEY,
        MakeBlank: None,
        OrderCard: card("aangevraagd"),
        MakeRequest: b"request",
        Certify: certified(),
        WriteAndReadBack: (b"leaf", b"ca", b"root"),
        ReadCertificates: (b"leaf", b"ca", b"root"),
        Confirm: card("actief"),
    }
    by_name = {cls.__name__: cls for cls in answers}
    answers |= {by_name[name]: value for name, value in changes.items()}
    return {cls: always(value) for cls, value in answers.items()}


def drive(
    dialogue: Dialogue, answers: dict[type[Step[Any]], Callable[[Step[Any]], Any]]
) -> tuple[list[Step[Any]], Made]:
    steps = [next(dialogue)]
    try:
        while True:
            steps.append(dialogue.send(answers[type(steps[-1])](steps[-1])))
    except StopIteration as done:
        return steps, done.value


def test_a_blank_card_becomes_one_that_works() -> None:
    steps, made = drive(personalise(BIRTH_DATE), script())
    assert [type(step) for step in steps] == [
        ReadPass,
        AskChallenge,
        OpenSession,
        ReadCard,
        RememberOrder,
        OrderCard,
        MakeRequest,
        Certify,
        WriteAndReadBack,
        Confirm,
    ]
    assert made.certificate == b"leaf"
    assert made.card.state == "actief"


def test_a_torn_run_orders_under_the_key_the_card_remembers() -> None:
    steps, _ = drive(personalise(BIRTH_DATE), script(ReadCard=(NUMBER, KEY)))
    orders = [step for step in steps if isinstance(step, OrderCard)]
    assert [order.key for order in orders] == [KEY]
    assert RememberOrder not in [type(step) for step in steps]


def test_a_card_that_was_confirmed_before_the_tear_is_left_as_it_is() -> None:
    answers = script(ReadCard=(NUMBER, KEY), OrderCard=card("actief"))
    steps, made = drive(personalise(BIRTH_DATE), answers)
    assert not {Certify, WriteAndReadBack, Confirm} & {type(step) for step in steps}
    assert made.card.state == "actief"
    assert made.certificate == b"leaf"


def test_an_active_card_that_holds_nothing_is_not_called_made() -> None:
    answers = script(ReadCard=(NUMBER, KEY), OrderCard=card("actief"), ReadCertificates=())
    with pytest.raises(CardDiffers):
        drive(personalise(BIRTH_DATE), answers)


def test_an_order_that_lapsed_is_taken_off_the_card_and_made_anew() -> None:
    answers = script()
    reads = iter([(NUMBER, KEY), (NUMBER, None)])
    orders = iter([card("vervallen"), card("aangevraagd")])
    answers[ReadCard] = lambda _step: next(reads)
    answers[OrderCard] = lambda _step: next(orders)
    steps, made = drive(personalise(BIRTH_DATE), answers)
    kinds = [type(step) for step in steps]
    assert kinds.index(MakeBlank) < kinds.index(RememberOrder) < kinds.index(MakeRequest)
    assert made.card.state == "actief"


def test_a_card_that_holds_something_else_is_never_confirmed() -> None:
    answers = script(WriteAndReadBack=(b"leaf", b"ca"))
    with pytest.raises(CardDiffers):
        drive(personalise(BIRTH_DATE), answers)
