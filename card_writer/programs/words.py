"""What the person at the desk reads, in Dutch (u-form) and English."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from card_writer.card_edge import (
    PinCharacters,
    SecretKind,
)
from card_writer.flow.pins import PinFault
from card_writer.flow.steps import reader as on_reader
from card_writer.flow.steps import server as to_server
from card_writer.flow.steps import token as on_token
from card_writer.flow.steps.base import AtReader, Step
from card_writer.readers.recognition import CardKind

Language = Literal["nl", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages; braces are filled in."""

    dutch: str
    english: str

    def say(self, language: Language, **filled: object) -> str:
        """The sentence."""
        return (self.dutch if language == "nl" else self.english).format(**filled)


PUT_IN: Final = {
    CardKind.UZI_PASS: Text(
        "Plaats uw UZI-medewerkerspas op naam in de kaartlezer.",
        "Put your UZI staff pass in the card reader.",
    ),
    CardKind.ZORG_ID: Text(
        "Plaats de nieuwe ZORG-ID Smartcard in de kaartlezer.",
        "Put the new ZORG-ID Smartcard in the card reader.",
    ),
}
PUT_IN_AGAIN: Final = Text(
    "Plaats dezelfde kaart opnieuw in de kaartlezer; het aanmaken gaat verder waar het was.",
    "Put the same card in the card reader again; making it goes on where it stopped.",
)
PASS_PIN: Final = Text("Pincode van uw UZI-pas", "PIN of your UZI pass")
KEPT_BY: Final = {
    CardKind.UZI_PASS: {
        SecretKind.PIN: Text("pincode van uw UZI-pas", "PIN of your UZI pass"),
        SecretKind.PUK: Text("PUK-code van uw UZI-pas", "PUK of your UZI pass"),
    },
    CardKind.ZORG_ID: {
        SecretKind.PIN: Text("pincode van uw ZORG-ID Smartcard", "PIN of your ZORG-ID Smartcard"),
        SecretKind.PUK: Text("PUK-code van uw ZORG-ID Smartcard", "PUK of your ZORG-ID Smartcard"),
    },
}
CARD_SECRET: Final = {
    SecretKind.PIN: Text("Pincode van uw ZORG-ID Smartcard", "PIN of your ZORG-ID Smartcard"),
    SecretKind.PUK: Text("PUK-code van uw ZORG-ID Smartcard", "PUK of your ZORG-ID Smartcard"),
}
TRIES_LEFT: Final = Text(" (nog {left} pogingen)", " ({left} tries left)")
LAST_TRY: Final = Text(
    "Dit is de laatste poging: nog één vergissing en de {which} is geblokkeerd. Doorgaan?",
    "This is the last try: one more mistake blocks the {which}. Go on?",
)
SECRET_NAMES: Final = {
    SecretKind.PIN: Text("pincode", "PIN"),
    SecretKind.PUK: Text("PUK-code", "PUK"),
}
WRONG: Final = Text("Dat is niet de juiste {which}.", "That is not the right {which}.")
BLOCKED: Final = {
    SecretKind.PIN: Text(
        "De pincode is geblokkeerd. Deblokkeer hem met de PUK-code; die van een UZI-pas in het "
        "programma dat bij de pas hoort.",
        "The PIN is blocked. Unblock it with the PUK; that of a UZI pass in the program that came "
        "with the pass.",
    ),
    SecretKind.PUK: Text(
        "De PUK-code is geblokkeerd. Deze kaart is niet meer te gebruiken: laat haar intrekken en "
        "maak een nieuwe.",
        "The PUK is blocked. This card is of no more use: have it revoked and make a new one.",
    ),
}
HOLDER: Final = Text(
    "{name}, {organisation}. U kunt een ZORG-ID Smartcard aanmaken.",
    "{name}, {organisation}. You can make a ZORG-ID Smartcard.",
)
BIRTH_DATE: Final = Text("Uw geboortedatum (dd-mm-jjjj)", "Your date of birth (dd-mm-yyyy)")
BAD_DATE: Final = Text(
    "Dat is geen datum in de vorm dd-mm-jjjj.", "That is no date of the form dd-mm-yyyy."
)
CARD_NUMBER: Final = Text("Het nummer dat op de kaart staat", "The number printed on the card")
BAD_NUMBER: Final = Text("Dat is geen kaartnummer.", "That is no card number.")
CHOOSE_PIN: Final = {
    PinCharacters.DIGITS: Text(
        "Kies een pincode van 6 tot 8 cijfers", "Choose a PIN of 6 to 8 digits"
    ),
    PinCharacters.PRINTABLE_ASCII: Text(
        "Kies een pincode van 6 tot 8 letters en cijfers",
        "Choose a PIN of 6 to 8 letters and digits",
    ),
}
PIN_AGAIN: Final = Text("Herhaal de pincode", "Repeat the PIN")
PINS_DIFFER: Final = Text("De twee pincodes zijn niet gelijk.", "The two PINs are not the same.")
PIN_FAULTS: Final = {
    PinFault.LENGTH: Text("Een pincode heeft 6 tot 8 tekens.", "A PIN has 6 to 8 characters."),
    PinFault.CHARACTERS: Text(
        "Gebruik alleen de letters a–z en A–Z en cijfers.",
        "Use the letters a–z, A–Z and digits only.",
    ),
    PinFault.ONLY_DIGITS: Text(
        "Deze kaart neemt alleen cijfers aan.", "This card takes digits only."
    ),
    PinFault.TRIVIAL: Text("Deze pincode is te eenvoudig.", "This PIN is too easy to guess."),
    PinFault.BIRTH_DATE: Text("Gebruik niet uw geboortedatum.", "Do not use your date of birth."),
    PinFault.SAME_AS_PUK: Text(
        "De pincode mag niet gelijk zijn aan de PUK-code.", "PIN and PUK may not be the same."
    ),
}
NOTE_PUK: Final = Text(
    "Uw PUK-code is: {puk}\nSchrijf deze nu op en bewaar hem veilig. De code wordt eenmaal "
    "getoond en nergens bewaard.",
    "Your PUK is: {puk}\nWrite it down now and keep it safe. It is shown once and kept nowhere.",
)
PUK_END: Final = Text(
    "Typ de laatste vier cijfers van de PUK-code over", "Type the last four digits of the PUK"
)
PUK_MISTAKEN: Final = Text("Dat klopt niet. Kijk nog eens.", "That is not right. Look again.")
RECALL: Final = Text(
    "Deze kaart was al begonnen. Typ de pincode en de PUK-code die u daarbij gekozen en "
    "opgeschreven heeft.",
    "This card was begun before. Type the PIN and the PUK that you chose and wrote down then.",
)
PRESS_ENTER: Final = Text("Druk daarna op Enter.", "Then press Enter.")
GO_ON: Final = Text("Doorgaan?", "Go on?")
YES_NO: Final = Text("j/n", "y/n")
MADE: Final = Text(
    "Uw ZORG-ID Smartcard {number} is gereed en kan gebruikt worden tot {date}.",
    "Your ZORG-ID Smartcard {number} is ready and can be used until {date}.",
)
PIN_CHANGED: Final = Text("De pincode is gewijzigd.", "The PIN was changed.")
WIPED: Final = Text("De kaart is leeggemaakt.", "The card was made blank.")
BLANK_ALREADY: Final = Text("De kaart was al leeg.", "The card was blank already.")
KINDS: Final = {
    CardKind.UZI_PASS: Text("UZI-pas", "UZI pass"),
    CardKind.ZORG_ID: Text("kaart voor ZORG-ID", "card for ZORG-ID"),
}
NO_CARD: Final = Text("geen kaart", "no card")
SOME_CARD: Final = Text("een kaart", "a card")
BUSY: Final = Text("in gebruik bij een ander programma", "in use by another program")
TOKEN: Final = Text("Kaart: {state}", "Card: {state}")
BEGUN: Final = Text("  begonnen, niet afgemaakt", "  begun, not finished")
NUMBER: Final = Text("  kaartnummer: {value}", "  card number: {value}")
PIN_TRIES: Final = Text("  pogingen voor de pincode: {value}", "  tries left for the PIN: {value}")
PUK_TRIES: Final = Text("  pogingen voor de PUK-code: {value}", "  tries left for the PUK: {value}")
UNTIL: Final = Text("  te gebruiken tot: {value}", "  can be used until: {value}")
SIGNS: Final = Text(
    "De kaart tekent en haar certificaten kloppen.", "The card signs; its certificates hold."
)
STATUS: Final = Text("Status bij OCSP: {value}", "Status at OCSP: {value}")
STATUSES: Final = {
    "good": Text("goed", "good"),
    "on-hold": Text("geblokkeerd", "on hold"),
    "revoked": Text("ingetrokken", "revoked"),
    "unknown": Text("onbekend", "unknown"),
}
OUT_OF_TIME: Final = Text("De kaart is verlopen.", "The card has expired.")
DOING: Final[dict[type[Step[Any]], Text]] = {
    on_reader.OpenPass: Text("De UZI-pas wordt gelezen …", "Reading the UZI pass …"),
    on_reader.SignWithPass: Text("De UZI-pas tekent …", "The UZI pass signs …"),
    to_server.OpenSession: Text("De UZI-pas wordt gecontroleerd …", "Checking the UZI pass …"),
    on_reader.ReadCard: Text("De kaart wordt gelezen …", "Reading the card …"),
    on_reader.BeginOrder: Text(
        "De sleutel wordt op de kaart gemaakt; dit kan een minuut duren …",
        "Making the key on the card; this may take a minute …",
    ),
    to_server.OrderCard: Text("De kaart wordt aangevraagd …", "Ordering the card …"),
    on_reader.MakeRequest: Text(
        "De kaart vraagt haar certificaat aan …", "The card asks for its certificate …"
    ),
    to_server.Certify: Text("Het certificaat wordt gemaakt …", "Making the certificate …"),
    on_reader.WriteChain: Text(
        "Het certificaat wordt op de kaart gezet …", "Writing the certificate …"
    ),
    on_reader.HandOver: Text("Pincode en PUK-code worden ingesteld …", "Setting PIN and PUK …"),
    on_reader.SignWithCard: Text("De kaart wordt beproefd …", "Testing the card …"),
    to_server.Confirm: Text("De kaart wordt in gebruik genomen …", "Taking the card into use …"),
}
AT_READER: Final[dict[type[AtReader[Any]], Text]] = {
    on_reader.OpenPassAtReader: Text(
        "Toets de pincode van uw UZI-pas in op de kaartlezer{tries}, en druk daar op OK.",
        "Type the PIN of your UZI pass at the card reader{tries}, and press OK there.",
    ),
    on_token.SignAtReader: Text(
        "Toets de pincode van uw ZORG-ID Smartcard in op de kaartlezer{tries}, en druk daar op OK.",
        "Type the PIN of your ZORG-ID Smartcard at the card reader{tries}, and press OK there.",
    ),
    on_token.ChangePinAtReader: Text(
        "Toets op de kaartlezer eerst uw huidige pincode in{tries}, daarna tweemaal de nieuwe van "
        "6 tot 8 cijfers, en druk telkens op OK. Kies geen rijtje en geen geboortedatum.",
        "At the card reader type your present PIN{tries}, then the new one of 6 to 8 digits twice, "
        "pressing OK after each. Choose no row of digits and no date of birth.",
    ),
}


def announced(step: Step[Any]) -> Callable[[Language], str] | None:
    """What a step says that takes a while, or that waits for somebody at the reader."""
    if not isinstance(step, AtReader):
        return DOING[type(step)].say if type(step) in DOING else None
    left, text = step.tries_left, AT_READER[type(step)]
    return lambda language: text.say(
        language, tries="" if left is None else TRIES_LEFT.say(language, left=left)
    )
