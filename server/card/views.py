"""What the commands at the desk found, for people and for scripts."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography import x509

from card_writer.flow.making import Made
from card_writer.programs import words
from card_writer.programs.sentences import sentence_of
from card_writer.programs.words import Language, Text
from card_writer.readers.recognition import CardKind
from card_writer.token.looking import TokenState, TokenView
from card_writer.token.testing import Tested
from pki.domain.status import Good, OnHold, Revoked
from server.report import DONE, FINDING, Report

if TYPE_CHECKING:
    from card_writer.readers.watch import Slot


@dataclass(frozen=True, slots=True)
class ReaderShown:
    """One reader, to be said in the language that is asked for; equal when it says the same."""

    slot: "Slot"
    kind: CardKind | None

    def __call__(self, language: Language) -> str:
        return reader_line(self.slot, self.kind, language)


def reader_line(slot: "Slot", kind: CardKind | None, language: Language) -> str:
    """One reader and what lies in it."""
    if slot.busy:
        text = words.BUSY
    elif not slot.has_card:
        text = words.NO_CARD
    else:
        text = words.SOME_CARD if kind is None else words.KINDS[kind]
    return f"{slot.reader}: {text.say(language)}"


def card_seen(view: TokenView, language: Language) -> Report:
    """A card as its holder sees it."""
    facts: tuple[tuple[Text, object], ...] = (
        (words.NUMBER, view.number),
        (words.PIN_TRIES, view.pin_tries_left),
        (words.PUK_TRIES, view.puk_tries_left),
        (words.UNTIL, None if view.not_after is None else view.not_after.date()),
    )
    lines = [words.TOKEN.say(language, state=view.state.value)]
    lines += [words.BEGUN.say(language)] if view.begun else []
    lines += [text.say(language, value=value) for text, value in facts if value is not None]
    why = view.refused
    lines += [] if why is None else [f"  {sentence_of(why, language)}"]
    result = {
        "state": view.state.value,
        "begun": view.begun,
        "number": None if view.number is None else view.number.value,
        "pin_tries_left": view.pin_tries_left,
        "puk_tries_left": view.puk_tries_left,
        "serial": None if view.serial is None else view.serial.hex,
        "not_after": None if view.not_after is None else view.not_after.isoformat(),
        "why": None if why is None else why.message,
    }
    usable = view.state is TokenState.OPERATIONAL
    return Report(result=result, lines=lines, code=DONE if usable else FINDING)


def card_made(made: Made, language: Language) -> Report:
    """A card that works."""
    leaf = x509.load_der_x509_certificate(made.certificate)
    number, until = made.card.card_number, leaf.not_valid_after_utc
    serial = None if made.card.serial is None else made.card.serial.hex
    return Report(
        result={
            "card_id": made.card.card_id.value,
            "number": number.value,
            "state": made.card.state,
            "serial": serial,
            "not_after": until.isoformat(),
        },
        lines=[words.MADE.say(language, number=number, date=until.strftime("%d-%m-%Y"))],
    )


def card_tested(tested: Tested, now: datetime, language: Language) -> Report:
    """Whether a card works."""
    name = _name(tested.status)
    works = tested.works(now)
    status = words.STATUS.say(language, value=words.STATUSES[name].say(language))
    lines = [words.SIGNS.say(language), status]
    if not works and name == "good":
        lines.append(words.OUT_OF_TIME.say(language))
    until = tested.leaf.not_valid_after_utc.isoformat()
    return Report(
        result={"works": works, "status": name, "not_after": until},
        lines=lines,
        code=DONE if works else FINDING,
    )


def _name(status: Good | OnHold | Revoked | None) -> str:
    match status:
        case Good():
            return "good"
        case OnHold():
            return "on-hold"
        case Revoked():
            return "revoked"
        case None:
            return "unknown"
