"""The person at a terminal: what is asked, in which words, and what nobody answers."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from card_writer.at_reader import NotTyped, PinNotTyped
from card_writer.card_edge import (
    CardGone,
    CardRefused,
    NoReader,
    PinCharacters,
    SecretKind,
    WrongSecret,
)
from card_writer.flow.pins import PinFault
from card_writer.flow.steps.reader import OpenPassAtReader
from card_writer.flow.steps.server import Certify
from card_writer.flow.steps.token import ChangePinAtReader, SignAtReader
from card_writer.flow.stopped import Stopped
from card_writer.programs.sentences import sentence_of
from card_writer.programs.terminal import Prompts, read_date
from card_writer.programs.words import DOING, announced
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from pki.api.wire import HolderView
from pki.domain.errors import Malformed, Unavailable, ZorgidError
from pki.domain.identifiers import CardNumber, Ura, UziNumber

HOLDER = HolderView(
    uzi_number=UziNumber("900021219"),
    ura=Ura("90000382"),
    organisation="Tést",
    surname="Vries",
    given_names="Jan",
    common_name="Jan Vries",
)
WRONG = WrongSecret(message="wrong", which=SecretKind.PIN, tries_left=2)


@dataclass
class Script:
    """A terminal where these lines are typed; ``hidden`` are those that were typed unseen."""

    lines: list[str]
    shown: list[str] = field(default_factory=list)
    hidden: int = 0

    def ask(self, prompt: str) -> str:
        self.shown.append(prompt)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    def ask_hidden(self, prompt: str) -> str:
        self.hidden += 1
        return self.ask(prompt)

    def say(self, text: str) -> None:
        self.shown.append(text)


def prompts(*lines: str, there: bool = False) -> tuple[Prompts, Script]:
    script = Script(list(lines))
    return Prompts(terminal=script, language="nl", lies_there=lambda _: there), script


async def test_a_card_that_lies_there_is_not_asked_for() -> None:
    asking, script = prompts(there=True)
    await asking.put_in(CardKind.ZORG_ID, again=False)
    assert script.shown == []


async def test_a_card_is_waited_for() -> None:
    asking, script = prompts("", "")
    await asking.put_in(CardKind.UZI_PASS, again=False)
    await asking.put_in(CardKind.ZORG_ID, again=True)
    assert ["Druk daarna op Enter." in each for each in script.shown] == [True, True]


async def test_pins_are_typed_unseen_and_the_tries_left_are_said() -> None:
    asking, script = prompts("123456", "8642 0975")
    assert bytes((await asking.pass_pin(2, WRONG)).reveal()) == b"123456"
    puk = await asking.card_secret(SecretKind.PUK, 3)
    assert bytes(puk.reveal()) == b"86420975"
    assert script.hidden == 2
    assert script.shown[:2] == [
        "Dat is niet de juiste pincode.",
        "Pincode van uw UZI-pas (nog 2 pogingen): ",
    ]


@pytest.mark.parametrize(
    ("line", "agreed"), [("j", True), ("Ja", True), ("y", True), ("n", False), ("", False)]
)
async def test_before_a_last_try_there_is_a_question(line: str, *, agreed: bool) -> None:
    asking, script = prompts(line)
    assert await asking.last_try(SecretKind.PIN, CardKind.UZI_PASS) is agreed
    assert "laatste poging" in script.shown[0]


async def test_a_birth_date_is_asked_until_it_is_one() -> None:
    asking, script = prompts("31-02-1985", "24-03-1985")
    assert (await asking.birth_date(HOLDER)).value == date(1985, 3, 24)
    assert script.shown[0].startswith("Jan Vries, Tést.")
    assert script.hidden == 0


async def test_a_card_number_is_asked_until_it_is_one() -> None:
    asking, _ = prompts("?", "zid-0001")
    assert await asking.card_number() == CardNumber("ZID-0001")


async def test_a_new_pin_is_typed_twice() -> None:
    asking, script = prompts("Zorg42x", "Zorg42y", "Zorg42x", "Zorg42x")
    chosen = await asking.choose_pin(PinCharacters.DIGITS, PinFault.TRIVIAL)
    assert bytes(chosen.reveal()) == b"Zorg42x"
    assert script.shown[0] == "Deze pincode is te eenvoudig."
    assert "De twee pincodes zijn niet gelijk." in script.shown


async def test_the_puk_is_shown_in_two_groups() -> None:
    asking, script = prompts("0975")
    typed = await asking.note_puk(Secret(b"86420975"), mistaken=True)
    assert bytes(typed.reveal()) == b"0975"
    assert "8642 0975" in script.shown[1]


async def test_a_torn_card_asks_for_both() -> None:
    asking, _ = prompts("Zorg42x", "86420975")
    pin, puk = await asking.recall(None)
    assert (bytes(pin.reveal()), bytes(puk.reveal())) == (b"Zorg42x", b"86420975")


async def test_what_hinders_is_said_before_going_on() -> None:
    asking, script = prompts("j")
    gone = CardGone(message="gone", outcome_unknown=True)
    assert await asking.go_on(gone)
    assert "uit de kaartlezer" in script.shown[0]


async def test_where_nobody_answers_it_stops() -> None:
    asking, _ = prompts()
    with pytest.raises(Stopped):
        await asking.pass_pin(None, None)
    with pytest.raises(Stopped):
        await asking.put_in(CardKind.UZI_PASS, again=False)


@pytest.mark.parametrize("text", ["", "1985", "24/03/1985", "1985-13-01", "24-03-85"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(Malformed):
        read_date(text)


@pytest.mark.parametrize(
    ("error", "dutch"),
    [
        (WRONG, "Dat is niet de juiste pincode."),
        (
            WrongSecret(message="x", which=SecretKind.PUK, tries_left=0),
            (
                "De PUK-code is geblokkeerd. Deze kaart is niet meer te gebruiken: laat haar "
                "intrekken en maak een nieuwe."
            ),
        ),
        (CardRefused(message="x"), "Deze kaart kan hiervoor niet gebruikt worden."),
        (
            NoReader(message="x"),
            (
                "Er is geen kaartlezer die gebruikt kan worden. Sluit de kaartlezer aan en probeer "
                "het opnieuw."
            ),
        ),
        (
            Unavailable(message="no answer"),
            "Dat is nu niet te bereiken. Probeer het zo opnieuw. (no answer)",
        ),
        (
            Malformed(what="x", message="broken"),
            "Dat kan nu niet. Meld dit bij de helpdesk: broken",
        ),
    ],
)
def test_every_error_has_a_sentence(error: ZorgidError, dutch: str) -> None:
    assert sentence_of(error, "nl") == dutch
    assert sentence_of(error, "en")


def test_long_steps_are_announced() -> None:
    assert Certify in DOING


@pytest.mark.parametrize("left", [None, 2])
def test_what_is_typed_at_the_reader_is_asked_for_there(left: int | None) -> None:
    asking, script = prompts()
    asking.doing(OpenPassAtReader(tries_left=left))
    asking.doing(SignAtReader(tries_left=left, message=b""))
    asking.doing(ChangePinAtReader(tries_left=left))
    for line, card in zip(script.shown, ("UZI-pas", "ZORG-ID Smartcard", "huidige"), strict=True):
        assert card in line
        assert "op de kaartlezer" in line
        assert ("(nog 2 pogingen)" in line) == (left == 2)
    assert script.hidden == 0
    told = announced(OpenPassAtReader(tries_left=left))
    assert told is not None
    assert "card reader" in told("en")


@pytest.mark.parametrize("why", NotTyped)
def test_what_was_not_typed_has_a_sentence(why: NotTyped) -> None:
    error = PinNotTyped(message="x", why=why)
    assert sentence_of(error, "nl").count(".") == 2
    assert sentence_of(error, "en").isascii()
