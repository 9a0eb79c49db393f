"""What the person at the desk reads of an error: what it is, and what to do."""

from typing import Final

from card_writer.at_reader import NotTyped, PinNotTyped
from card_writer.card_edge import (
    CardDiffers,
    CardGone,
    CardRefused,
    NoReader,
    ReaderBusy,
    WrongSecret,
)
from card_writer.flow.stopped import Stopped
from card_writer.programs.words import BLOCKED, SECRET_NAMES, WRONG, Language, Text
from card_writer.wrong_card import Mismatch, WrongCard
from pki.api.errors import ProblemAnswered, ServiceUnavailable, ServiceUnreachable
from pki.domain.errors import Unavailable, ZorgidError

_NOT_TYPED: Final = {
    NotTyped.TIMED_OUT: Text(
        "Er is geen pincode ingetoetst op de kaartlezer. Er is geen poging verbruikt.",
        "No PIN was typed at the card reader. No try was spent.",
    ),
    NotTyped.CANCELLED: Text(
        "Het intoetsen op de kaartlezer is afgebroken. Er is geen poging verbruikt.",
        "Typing at the card reader was cancelled. No try was spent.",
    ),
    NotTyped.DIFFERENT: Text(
        "De twee nieuwe pincodes zijn niet gelijk. De pincode is niet gewijzigd.",
        "The two new PINs are not the same. The PIN was not changed.",
    ),
    NotTyped.LENGTH: Text(
        "Een pincode heeft 6 tot 8 cijfers. Er is geen poging verbruikt.",
        "A PIN has 6 to 8 digits. No try was spent.",
    ),
}
_WRONG_CARD: Final = {
    Mismatch.NO_PASS: Text(
        "Deze kaart is geen UZI-medewerkerspas op naam. Plaats uw UZI-pas.",
        "This card is no UZI staff pass. Put your UZI pass in.",
    ),
    Mismatch.OTHER_KIND: Text(
        "Dit is een kaart van een andere soort. Plaats de juiste kaart.",
        "This is a card of another kind. Put the right card in.",
    ),
    Mismatch.IN_USE: Text(
        "Deze kaart is al in gebruik of elders aangemaakt; er is niets aan veranderd. Plaats een "
        "lege ZORG-ID Smartcard.",
        "This card is in use already or was made elsewhere; nothing was changed on it. Put a "
        "blank ZORG-ID Smartcard in.",
    ),
    Mismatch.OF_ANOTHER: Text(
        "Deze kaart is begonnen voor iemand anders, of met een andere geboortedatum. Plaats een "
        "lege ZORG-ID Smartcard.",
        "This card was begun for somebody else, or with another date of birth. Put a blank "
        "ZORG-ID Smartcard in.",
    ),
    Mismatch.NOT_BEGUN: Text(
        "Dit is een andere kaart dan die waarmee u begon. Plaats die kaart.",
        "This is another card than the one you began with. Put that card in.",
    ),
}
_ERRORS: Final[tuple[tuple[type[ZorgidError], Text], ...]] = (
    (Stopped, Text("Gestopt. U kunt later verdergaan.", "Stopped. You can go on later.")),
    (
        ReaderBusy,
        Text(
            "Een ander programma gebruikt de kaart. Sluit dat programma.",
            "Another program uses the card. Close that program.",
        ),
    ),
    (
        CardGone,
        Text(
            "De kaart is uit de kaartlezer, of de kaartlezer is weg.",
            "The card has left the reader, or the reader is gone.",
        ),
    ),
    (
        CardDiffers,
        Text(
            "Wat de server stuurde of wat op de kaart staat klopt niet. Meld dit bij de helpdesk.",
            "What the server sent or what is on the card is wrong. Report this to the helpdesk.",
        ),
    ),
    (
        CardRefused,
        Text("Deze kaart kan hiervoor niet gebruikt worden.", "This card cannot be used for this."),
    ),
    (
        ServiceUnavailable,
        Text(
            "De ZORG-ID server is nu niet beschikbaar. Probeert u het zo opnieuw.",
            "The ZORG-ID server is not available now. Try again in a moment.",
        ),
    ),
    (
        ServiceUnreachable,
        Text(
            "De ZORG-ID server geeft geen antwoord. Controleer de verbinding met internet.",
            "The ZORG-ID server gives no answer. Check the connection to the internet.",
        ),
    ),
    (
        NoReader,
        Text(
            "Er is geen kaartlezer die gebruikt kan worden. Sluit de kaartlezer aan en probeer "
            "het opnieuw.",
            "There is no card reader that can be used. Connect the card reader and try again.",
        ),
    ),
    (
        Unavailable,
        Text(
            "Dat is nu niet te bereiken. Probeer het zo opnieuw. ({message})",
            "That cannot be reached now. Try again in a moment. ({message})",
        ),
    ),
    (
        ZorgidError,
        Text("Dat kan nu niet. Meld dit bij de helpdesk: {message}", "{message}"),
    ),
)


def sentence_of(error: ZorgidError, language: Language) -> str:
    """What the person reads of an error; the server's own sentence where it gave one."""
    if isinstance(error, ProblemAnswered | ServiceUnavailable):
        return error.problem.detail if language == "nl" else error.problem.detail_en
    if isinstance(error, WrongSecret):
        if not error.tries_left:
            return BLOCKED[error.which].say(language)
        return WRONG.say(language, which=SECRET_NAMES[error.which].say(language))
    if isinstance(error, PinNotTyped):
        return _NOT_TYPED[error.why].say(language)
    if isinstance(error, WrongCard):
        return _WRONG_CARD[error.why].say(language)
    text = next(text for kind, text in _ERRORS if isinstance(error, kind))
    return text.say(language, message=error.message)
