"""What the page says before and after a dialogue, in Dutch (u-form) and English."""

from datetime import datetime
from typing import Final

from cryptography import x509

from card_writer.flow.making import Made
from card_writer.programs import words
from card_writer.programs.sentences import sentence_of
from card_writer.programs.words import Language, Text
from card_writer.station.stage import Screen, Words, said
from card_writer.token.testing import Tested
from pki.domain.errors import ZorgidError
from pki.domain.status import Good

ACTIONS: Final = {
    "create": Text("Kaart aanmaken", "Make a card"),
    "change-pin": Text("Pincode wijzigen", "Change the PIN"),
    "unblock-pin": Text("Pincode deblokkeren", "Unblock the PIN"),
    "test": Text("Kaart testen", "Test the card"),
}
_START: Final = Text(
    "Maak een ZORG-ID Smartcard aan met uw UZI-medewerkerspas op naam, of beheer een kaart die u "
    "al heeft.",
    "Make a ZORG-ID Smartcard with your UZI staff pass, or look after a card that you have.",
)
_TITLE: Final = Text("ZORG-ID Smartcard", "ZORG-ID Smartcard")
_DONE: Final = Text("Gereed", "Ready")
_FAILED: Final = Text("Dat is niet gelukt", "That did not work")
_BACK: Final = Text("Terug naar het begin", "Back to the start")
_GOOD: Final = Text(
    "Uw kaart werkt: zij tekent en haar status is goed.",
    "Your card works: it signs and its status is good.",
)
_NOT_GOOD: Final = Text(
    "Uw kaart tekent, maar wordt niet geaccepteerd: zij is geblokkeerd, ingetrokken of verlopen.",
    "Your card signs, but is not accepted: it is blocked, revoked or expired.",
)


def start() -> Screen:
    """What can be done."""
    return Screen(
        kind="start",
        title=said(_TITLE),
        text=said(_START),
        buttons=tuple((name, said(text)) for name, text in ACTIONS.items()),
    )


def ended(outcome: object, now: datetime) -> Screen:
    """It was done."""
    match outcome:
        case Made(card=card, certificate=der):
            until = x509.load_der_x509_certificate(der).not_valid_after_utc
            text = said(words.MADE, number=card.card_number, date=until.strftime("%d-%m-%Y"))
        case Tested() as tested:
            if not (isinstance(tested.status, Good) and tested.works(now)):
                return _not_done(said(_NOT_GOOD))
            text = said(_GOOD)
        case _:
            text = said(words.PIN_CHANGED)
    return Screen(kind="done", title=said(_DONE), text=text, buttons=(("back", said(_BACK)),))


def failed(error: ZorgidError) -> Screen:
    """It was not done, and why; the code is what a helpdesk asks for."""

    def text(language: Language) -> str:
        return f"{sentence_of(error, language)} ({error.code})"

    return _not_done(text)


def _not_done(text: Words) -> Screen:
    return Screen(kind="failed", title=said(_FAILED), text=text, buttons=(("back", said(_BACK)),))
