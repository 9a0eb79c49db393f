"""What a person reads, in Dutch (u-form) and English, per refusal and per kind of error.

One sentence is literal from the screen that care workers know: that of the Zorgverlener pass. The
others are ours, close to the words of the FAQ ZORG-ID Smartcard where that has any.
"""

from dataclasses import dataclass
from typing import Final

from pki.domain.reasons import RefusalReason


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``title`` and ``dutch`` are for the person at the desk."""

    title: str
    dutch: str
    english: str


_NO_CARD: Final = "Geen ZORG-ID Smartcard"
_NOT_NOW: Final = "Nu niet mogelijk"
_CARD: Final = "ZORG-ID Smartcard"
_NOT_POSSIBLE: Final = "Niet mogelijk"

REFUSALS: Final[dict[RefusalReason, Message]] = {
    RefusalReason.PASS_NOT_TRUSTED: Message(
        _NO_CARD,
        "Deze pas is niet herkend als een echte UZI-pas. U kunt alleen een ZORG-ID Smartcard "
        "aanmaken met een geldige UZI-medewerkerspas op naam.",
        "The certificate does not chain to a trusted UZI certification authority.",
    ),
    RefusalReason.PASS_NOT_AUTHENTICITY: Message(
        _NO_CARD,
        "Het verkeerde certificaat van uw UZI-pas is gebruikt. Gebruik het "
        "authenticiteitcertificaat.",
        "This is not the authenticity certificate of a UZI pass.",
    ),
    RefusalReason.PASS_NAME_INVALID: Message(
        _NO_CARD,
        "De gegevens op uw UZI-pas zijn niet leesbaar. Neem contact op met het UZI-register.",
        "The name in the certificate does not have the form that the UZI register prescribes.",
    ),
    RefusalReason.PASS_IS_ZORGVERLENER: Message(
        _NO_CARD,
        "Een Zorgverlener UZI-pas kan niet gebruikt worden. U kunt helaas niet verder.",
        "A Zorgverlener UZI pass cannot be used. You cannot continue.",
    ),
    RefusalReason.PASS_NOT_ON_NAME: Message(
        _NO_CARD,
        "U kunt alleen ZORG-ID Smartcards aanmaken met een UZI-medewerkerspas op naam.",
        "ZORG-ID Smartcards can be made with a UZI staff pass in a person's name only.",
    ),
    RefusalReason.PASS_IS_SERVER: Message(
        _NO_CARD,
        "Een UZI-servercertificaat kan niet gebruikt worden. U kunt alleen ZORG-ID Smartcards "
        "aanmaken met een UZI-medewerkerspas op naam.",
        "A UZI server certificate cannot be used.",
    ),
    RefusalReason.PASS_EXPIRED: Message(
        _NO_CARD,
        "Dat kan helaas niet. Uw UZI-pas is verlopen. U kunt alleen een ZORG-ID Smartcard "
        "aanmaken met een geldige UZI-medewerkerspas op naam.",
        "The UZI pass has expired.",
    ),
    RefusalReason.PASS_NOT_YET_VALID: Message(
        _NO_CARD,
        "Uw UZI-pas is nog niet geldig. Controleer ook of de datum van uw computer klopt.",
        "The UZI pass is not valid yet.",
    ),
    RefusalReason.PASS_REVOKED: Message(
        _NO_CARD,
        "Dat kan helaas niet. Uw UZI-pas is ingetrokken. U kunt alleen een ZORG-ID Smartcard "
        "aanmaken met een geldige UZI-medewerkerspas op naam.",
        "The UZI pass has been revoked.",
    ),
    RefusalReason.PASS_STATUS_UNKNOWN: Message(
        _NO_CARD,
        "Het is nu niet vast te stellen of uw UZI-pas is ingetrokken. Probeert u het later "
        "opnieuw.",
        "Whether the UZI pass has been revoked cannot be established now.",
    ),
    RefusalReason.ORGANISATION_UNKNOWN: Message(
        _NO_CARD,
        "De organisatie die uw UZI-pas heeft uitgegeven is nog niet geregistreerd voor ZORG-ID "
        "Smartcard.",
        "The organisation that ordered your UZI pass is not registered for ZORG-ID Smartcard yet.",
    ),
    RefusalReason.HOLDER_USES_MOBIEL: Message(
        _NO_CARD,
        "U gebruikt ZORG-ID Mobiel of bent daarvoor uitgenodigd, bijvoorbeeld als administrator of "
        "beheerder. Het is momenteel nog niet mogelijk voor één persoon om zowel de ZORG-ID "
        "Smartcard als ZORG-ID Mobiel te gebruiken.",
        "Who uses ZORG-ID Mobiel, as administrators do, can have no ZORG-ID Smartcard too.",
    ),
    RefusalReason.HOLDER_HAS_CARD: Message(
        _NO_CARD,
        "U heeft al een ZORG-ID Smartcard. Na intrekken van die kaart kunt u een nieuwe aanmaken.",
        "This person has a ZORG-ID Smartcard; a new one can be made after that one is revoked.",
    ),
    RefusalReason.CARD_NUMBER_IN_USE: Message(
        _NO_CARD,
        "Deze kaart is al eerder gebruikt. Neem een nieuwe, lege kaart.",
        "This card has been used before; take a blank one.",
    ),
    RefusalReason.KEY_NOT_ATTESTED: Message(
        _CARD,
        "Deze kaart kan niet bewijzen dat haar sleutel op de kaart zelf is gemaakt. Neem een "
        "andere soort kaart, of neem contact op met de ZORG-ID helpdesk.",
        "The card does not prove that its key was made on it, and this installation asks for that.",
    ),
    RefusalReason.ATTESTATION_NOT_TRUSTED: Message(
        _CARD,
        "Deze kaart is niet herkend als een kaart waarvan de sleutel op de kaart zelf is gemaakt. "
        "Neem een andere kaart, of neem contact op met de ZORG-ID helpdesk.",
        "The proof that the key was made on the card does not hold, or its maker is not trusted.",
    ),
    RefusalReason.BIRTH_DATE_INVALID: Message(
        _NO_CARD,
        "Deze geboortedatum kan niet kloppen. Vul uw eigen geboortedatum in.",
        "The birth date lies in the future or before 1900.",
    ),
    RefusalReason.CARD_STATE: Message(
        _CARD,
        "Dit kan niet in de toestand waarin de kaart nu is.",
        "The card's state does not allow this.",
    ),
    RefusalReason.CONFIRMATION_TOO_LATE: Message(
        _NO_CARD,
        "Het aanmaken heeft te lang geduurd. Deze aanvraag is vervallen; begint u opnieuw.",
        "The order took too long and has lapsed; start again.",
    ),
    RefusalReason.REVOKE_NEEDS_BLOCK: Message(
        _CARD,
        "Alleen een geblokkeerde kaart kan ingetrokken worden. Blokkeer de kaart eerst.",
        "Only a blocked card can be revoked; block it first.",
    ),
    RefusalReason.CARDS_NOT_BLOCKED: Message(
        _CARD,
        "Een ZORG-ID Smartcard kan hier niet geblokkeerd worden. U kunt de kaart intrekken.",
        "This installation blocks no cards; revoke it.",
    ),
    RefusalReason.BLOCKED_BY_ANOTHER: Message(
        _CARD,
        "Een andere organisatie heeft deze kaart geblokkeerd. Vraag die organisatie om de kaart te "
        "deblokkeren.",
        "Another organisation blocked the card; ask that one to lift the block.",
    ),
    RefusalReason.COMPROMISE_DATE: Message(
        _CARD,
        "Het tijdstip waarop de sleutel in verkeerde handen viel, kan niet kloppen. Het ligt niet "
        "voor de uitgifte en niet na de blokkade, en hoort bij verlies, diefstal of "
        "compromittering.",
        "The time of the compromise is before the certificate, after the block, or goes with "
        "another reason than loss, theft or compromise.",
    ),
    RefusalReason.CARD_NOT_LINKED: Message(
        _CARD,
        "Deze kaart is niet gekoppeld aan uw organisatie.",
        "The card is not linked to your organisation.",
    ),
    RefusalReason.LAST_ADMINISTRATOR: Message(
        _NOT_POSSIBLE,
        "Dit is de laatste administrator. Wijs eerst een andere administrator aan.",
        "This is the last administrator; register another one first.",
    ),
    RefusalReason.ORGANISATION_STATE: Message(
        _NOT_POSSIBLE,
        "Dit kan niet in de toestand waarin de registratie van de organisatie nu is.",
        "The state of the organisation's registration does not allow this.",
    ),
    RefusalReason.REPRESENTATIVE_PASS: Message(
        _NOT_POSSIBLE,
        "Met deze pas kunt u de registratie niet afmaken. Gebruik een Zorgverlener UZI-pas van uw "
        "organisatie. Alleen voor een huisartsenpost kan het met een UZI-medewerkerspas op naam.",
        "A registration is finished with a Zorgverlener pass of the organisation; for a "
        "huisartsenpost also with a staff pass in a person's name.",
    ),
    RefusalReason.DOCUMENT_NOT_TRUSTED: Message(
        _NOT_POSSIBLE,
        "Dit document is niet geldig ondertekend. Onderteken het met het geldige "
        "UZI-servercertificaat van uw organisatie, en stuur het binnen 31 dagen in.",
        "The document is not signed with the valid UZI server certificate of the organisation "
        "that it names, or it is too old.",
    ),
    RefusalReason.SUPPLIER_ROLE: Message(
        _NOT_POSSIBLE,
        "Een medewerker van een leverancier kan alleen beheerder zijn.",
        "Who works for a supplier can be beheerder only.",
    ),
    RefusalReason.OPERATOR_STATE: Message(
        _NOT_POSSIBLE,
        "Dit kan niet in de toestand waarin deze administrator of beheerder nu is.",
        "The operator's state does not allow this.",
    ),
    RefusalReason.OWN_ROLE: Message(
        _NOT_POSSIBLE,
        "U kunt uzelf geen rol geven. Vraag het aan een andere administrator.",
        "Nobody appoints themself; ask another administrator.",
    ),
    RefusalReason.MOBIEL_STATE: Message(
        _NOT_POSSIBLE,
        "Dit kan niet in de toestand waarin deze ZORG-ID Mobiel nu is.",
        "The state of this person's ZORG-ID Mobiel does not allow this.",
    ),
    RefusalReason.LOGIN_NUMBER: Message(
        _NOT_POSSIBLE,
        "Dit is niet het getal dat uw computer toont. Er is niet ingelogd. Begin opnieuw, en "
        "alleen als u zelf wilt inloggen.",
        "The browser shows another number; nobody was logged in, and this log-in is over.",
    ),
    RefusalReason.ATTRIBUTE_UNKNOWN: Message(
        _NOT_POSSIBLE,
        "Dit type of deze taakcode is hier niet bekend. Kies een andere.",
        "This installation names no such type of attribute, or no such code of that type.",
    ),
    RefusalReason.ISSUING_STOPPED: Message(
        _NOT_NOW,
        "Er wordt op dit moment geen nieuw certificaat uitgegeven. Neem contact op met de "
        "ZORG-ID helpdesk.",
        "Issuing has stopped: the certification authority's own certificate ends too soon.",
    ),
}

ERRORS: Final[dict[str, Message]] = {
    "error": Message("Storing", "Er ging iets mis. Probeert u het later opnieuw.", "It failed."),
    "bad-input": Message("Onjuiste gegevens", "De gegevens zijn niet bruikbaar.", "Bad input."),
    "malformed": Message(
        "Onjuiste gegevens",
        "De gegevens hebben niet de juiste vorm.",
        "The request does not have the form that it must have.",
    ),
    "key-rejected": Message(
        "Sleutel geweigerd",
        "De sleutel op deze kaart kan niet gebruikt worden. Maak een nieuwe sleutel of neem een "
        "andere kaart.",
        "The card's public key may not be certified.",
    ),
    "refused": Message(_NO_CARD, "Dat kan helaas niet.", "A rule does not allow this."),
    "unauthenticated": Message(
        "Niet aangemeld",
        "Uw aanmelding is niet geldig of niet meer geldig. Meld u opnieuw aan.",
        "Who is asking has not been proven, or no longer holds.",
    ),
    "forbidden": Message("Geen toegang", "U mag dit niet doen.", "The caller may not do this."),
    "not-found": Message("Niet gevonden", "Dit is niet gevonden.", "There is no such thing."),
    "conflict": Message(
        "Niet mogelijk",
        "Dit kan niet: het past niet bij wat al is vastgelegd.",
        "It clashes with what is already recorded.",
    ),
    "idempotency-mismatch": Message(
        "Niet mogelijk",
        "Deze aanvraag is al eerder gedaan met andere gegevens.",
        "The idempotency key was used before with another body.",
    ),
    "precondition-failed": Message(
        "Intussen gewijzigd",
        "Iemand anders heeft dit intussen gewijzigd. Bekijkt u het opnieuw.",
        "It was changed since it was read; read it again.",
    ),
    "unavailable": Message(
        _NOT_NOW,
        "De dienst is nu niet bereikbaar. Probeert u het later opnieuw.",
        "The service is unavailable for now; try again later.",
    ),
    "rate-limited": Message(
        _NOT_NOW,
        "Er zijn te veel aanvragen gedaan. Wacht u even en probeert u het dan opnieuw.",
        "Too many requests; wait and try again.",
    ),
    "pass-status-unavailable": REFUSALS[RefusalReason.PASS_STATUS_UNKNOWN],
    "method-not-allowed": Message(
        "Niet mogelijk", "Deze handeling bestaat niet.", "The method is not allowed here."
    ),
    "too-large": Message(
        "Onjuiste gegevens", "Er zijn te veel gegevens gestuurd.", "The body is too large."
    ),
    "too-slow": Message(
        _NOT_NOW,
        "Uw gegevens kwamen te langzaam binnen. Probeert u het opnieuw.",
        "The body took too long to arrive.",
    ),
    "expectation": Message(
        "Onjuiste gegevens",
        "Deze manier van sturen kent de dienst niet.",
        "The only expectation understood is 100-continue.",
    ),
    "media-type": Message(
        "Onjuiste gegevens",
        "De gegevens zijn geen JSON, of ze zijn gecomprimeerd.",
        "The body must be application/json, not compressed.",
    ),
}
