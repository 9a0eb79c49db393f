"""The words of the story, in Dutch (u-form) and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LANGUAGES: Final = ("nl", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """The same in both languages; names in braces are filled in."""

    nl: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in one of `LANGUAGES`."""
        return self.nl if language == "nl" else self.en


TEXTS: Final[Mapping[str, Text]] = {
    "title": Text(
        "ZORG-ID: van UZI-pas naar een kaart die te vertrouwen is (oefenomgeving)",
        "ZORG-ID: from a UZI pass to a card that can be trusted (practice)",
    ),
    "intro": Text(
        "Alles hieronder gebeurt nu, op deze computer, met de echte onderdelen. Personen, passen "
        "en organisatie bestaan niet. Elke opdracht na een $ kunt u zelf herhalen zolang de "
        "servers draaien.",
        "All of this happens now, on this computer, with the real components. Persons, passes and "
        "organisation do not exist. You can repeat each command after a $ while the servers run.",
    ),
    "commands_there": Text(
        "De opdrachten gelden in de map van deze demo:",
        "The commands are given in the folder of this demo:",
    ),
    "step_authorities": Text(
        "Oefen-CA's, en een nagebootst UZI-register",
        "Practice CAs, and a stand-in UZI register",
    ),
    "making_keys": Text(
        "Er worden sleutels gemaakt, ook van RSA-4096: dat duurt enkele seconden ...",
        "Keys are being made, some of them RSA-4096: this takes a few seconds ...",
    ),
    "authorities_made": Text(
        "Er is een root met daaronder de ZORG-ID Token CA, en een nagebootst UZI-register: "
        "root, niveau 2, en CA's voor de passen N, Z, M en S.",
        "There is a root with the ZORG-ID Token CA under it, and a stand-in UZI register: root, "
        "level 2, and CAs for passes N, Z, M and S.",
    ),
    "step_server": Text("De servers", "The servers"),
    "server_starts": Text(
        "Eén proces uit één configuratiebestand: uitgifte (TLS), OCSP en CRL (HTTP), en een eigen "
        "LDAP-directory.",
        "One process from one configuration file: issuance (TLS), OCSP and CRL (HTTP), and an LDAP "
        "directory of its own.",
    ),
    "server_ready": Text("Klaar voor gebruik (proces {pid}).", "Ready (process {pid})."),
    "step_card": Text(
        "Een medewerker maakt een ZORG-ID-kaart",
        "An employee makes a ZORG-ID card",
    ),
    "organisation_registered": Text(
        "Het ZORG-ID-team registreert {name}, URA {ura}, met zijn clientcertificaat.",
        "The ZORG-ID team registers {name}, URA {ura}, with its client certificate.",
    ),
    "administrator_registered": Text(
        "Het team wijst een administrator aan, met een eigen clientcertificaat.",
        "The team appoints an administrator, with a client certificate of their own.",
    ),
    "first_card": Text(
        "{name} gebruikt een medewerkerspas op naam en een lege kaart. De pas ondertekent een "
        "challenge; de kaart maakt een sleutel en vraagt daar een certificaat voor aan.",
        "{name} uses a staff pass in a person's name and a blank card. The pass signs a "
        "challenge; the card makes a key and asks for its certificate.",
    ),
    "card_certified": Text(
        "Het certificaat is ondertekend en staat op de kaart: serienummer {serial}.",
        "The certificate is signed and on the card: serial {serial}.",
    ),
    "before_confirmation": Text(
        "De nieuwe sleutel heeft zich nog niet bewezen. Tot dat moment is de kaart nergens te "
        "vertrouwen:",
        "The new key has not proven itself yet. Until then the card is to be trusted nowhere:",
    ),
    "held_until_confirmed": Text(
        "OCSP zegt certificateHold; de CRL noemt de kaart niet en LDAP toont haar niet.",
        "OCSP says certificateHold; the CRL does not list the card and LDAP does not show it.",
    ),
    "card_confirmed": Text(
        "De nieuwe sleutel heeft de challenge ondertekend: de kaart is actief.",
        "The new key signed the challenge: the card is active.",
    ),
    "other_card": Text(
        "Ook {name} heeft nu een kaart.",
        "{name} has a card now too.",
    ),
    "step_tools": Text(
        "Wat anderen zien: openssl, curl en ldapsearch",
        "What others see: openssl, curl and ldapsearch",
    ),
    "show_chain": Text(
        "De keten, streng gecontroleerd, met de CRL's van de adressen in de certificaten:",
        "The chain, checked strictly, with the CRLs from the addresses in the certificates:",
    ),
    "show_ocsp": Text(
        "OCSP: per POST met SHA-1 en SHA-256, met nonce; per GET met curl, zonder nonce:",
        "OCSP: by POST with SHA-1 and SHA-256, with a nonce; by GET with curl, without:",
    ),
    "show_crl": Text("De CRL van de Token CA:", "The Token CA's CRL:"),
    "show_directory": Text(
        "LDAP: het certificaat op uitgever en serienummer (certificateExactMatch), en op "
        "UZI-nummer:",
        "LDAP: the certificate by issuer and serial (certificateExactMatch), and by UZI number:",
    ),
    "show_name": Text(
        "De naam volgens het UZI-register in het certificaat (subjectAltName):",
        "The UZI name in the certificate (subjectAltName):",
    ),
    "tools_agree": Text(
        "Alle hulpmiddelen van derden zijn het eens: deze kaart is te vertrouwen.",
        "All foreign tools agree: this card is to be trusted.",
    ),
    "readers_begin": Text(
        "Nu met kaartlezers: pcscd en een virtuele lezer, met de pas van {name} in het ene vak en "
        "een lege PIV-kaart in het andere. Pincode, PUK-code en beheersleutel worden vervangen.",
        "Now with card readers: pcscd and a virtual reader, with the pass of {name} in one slot "
        "and a blank PIV card in the other. PIN, PUK and administration key are replaced.",
    ),
    "readers_missing": Text(
        "Met kaartlezers gaat het hetzelfde; dat is hier niet getoond. Er ontbreekt: {what}.",
        "It goes the same way with card readers; that is not shown here. Missing: {what}.",
    ),
    "readers_made": Text(
        "De sleutel is op de kaart gemaakt; de keten is teruggelezen van de kaart en klopt.",
        "The key was made on the card; the chain was read back from the card and holds.",
    ),
    "step_changes": Text(
        "Blokkeren, deblokkeren, intrekken; en wat nooit mag",
        "Block, unblock, revoke; and what must never be",
    ),
    "how_measured": Text(
        "Gemeten van buitenaf, vanaf het antwoord van de API tot OCSP, CRL en LDAP het tonen (elke "
        "20 ms gevraagd). De kaart zelf blijft in LDAP staan; daar wordt naar de CRL gekeken.",
        "Measured from outside, from the API's answer until OCSP, CRL and LDAP show it (asked "
        "every 20 ms). The card itself stays in LDAP; what is watched there is the CRL.",
    ),
    "changed": Text(
        "De administrator: de kaart is nu {state} (journaal {position}).",
        "The administrator: the card's state is now {state} (journal {position}).",
    ),
    "delays": Text("{change}: te zien na {views}.", "{change}: shown after {views}."),
    "confirm": Text("Bevestigd", "Confirmed"),
    "block": Text("Geblokkeerd", "Blocked"),
    "unblock": Text("Gedeblokkeerd", "Unblocked"),
    "block_again": Text("Weer geblokkeerd", "Blocked again"),
    "revoke": Text("Ingetrokken", "Revoked"),
    "change": Text("Na het antwoord van de API", "After the API's answer"),
    "date_kept": Text(
        "Ingetrokken is definitief; de datum is die van de blokkade waar het uit volgde.",
        "Revoked is final; its date is that of the block it follows.",
    ),
    "other_blocked": Text(
        "De kaart van {name} is geblokkeerd en blijft dat.",
        "The card of {name} is blocked and stays so.",
    ),
    "all_delays": Text("Alle vertragingen bij elkaar:", "All delays together:"),
    "zorgverlener": Text(
        "{name}, huisarts, probeert het met een Zorgverlenerpas die verder in orde is:",
        "{name}, general practitioner, tries with a Zorgverlener pass that is otherwise in order:",
    ),
    "zorgverlener_refused": Text(
        "Geweigerd, met precies de bekende zin.",
        "Refused, with exactly the known sentence (in Dutch, as care workers see it).",
    ),
    "never_issued": Text(
        "Een certificaat van dezelfde vorm, buiten de administratie om ondertekend met de sleutel "
        "van de Token CA. De handtekening klopt, maar:",
        "A certificate of the same shape, signed with the Token CA's key behind the back of the "
        "store. Its signature is right, but:",
    ),
    "never_good": Text(
        "Wat nooit is uitgegeven, is nooit good.",
        "What was never issued is never good.",
    ),
    "journal": Text(
        "Elke verandering staat in het journaal; elke regel bevat de hash van de vorige:",
        "Every change stands in the journal; each row holds the hash of the one before:",
    ),
    "journal_verifies": Text(
        "Er is niets veranderd, weggelaten of tussengevoegd.",
        "Nothing was changed, left out or put in between.",
    ),
    "step_end": Text(
        "Wat er nu is, en wat u ermee kunt", "What there is now, and what to do with it"
    ),
    "place_config": Text("configuratie", "configuration"),
    "place_ca": Text("CA-certificaten", "CA certificates"),
    "place_cards": Text("kaarten (softwaretokens)", "cards (software tokens)"),
    "place_operators": Text("clientcertificaten van beheer", "operators' client certificates"),
    "place_uzi": Text("nagebootst UZI-register", "stand-in UZI register"),
    "place_store": Text("gegevens en journaal", "facts and journal"),
    "place_log": Text("log van de server", "the server's log"),
    "place_interface": Text(
        "adressen, zolang de servers draaien", "addresses, while the servers run"
    ),
    "next_kept": Text(
        "Alles blijft bewaard in {directory}. U kunt verder met:",
        "Everything is kept in {directory}. You can go on with:",
    ),
    "next_register": Text(
        "Het nagebootste UZI-register draait alleen tijdens de demo: OCSP, CRL en LDAP werken ook "
        "daarna, nieuwe kaarten maken niet.",
        "The stand-in UZI register runs during the demo only: OCSP, CRL and LDAP also work "
        "afterwards, making new cards does not.",
    ),
    "next_temporary": Text(
        "Dit was een tijdelijke map; die wordt nu verwijderd. Om zelf rond te kijken:",
        "This was a temporary folder; it is removed now. To look around yourself:",
    ),
    "told": Text("Klaar in {seconds} s.", "Done in {seconds} s."),
    "holding": Text(
        "De servers draaien tot u ze onderbreekt: Ctrl-C, of kill {pid}.",
        "The servers run until interrupted: Ctrl-C, or kill {pid}.",
    ),
    "interrupted": Text(
        "Onderbroken: de servers zijn gestopt.", "Interrupted: the servers have been stopped."
    ),
    "failed": Text("MISLUKT bij stap {step}", "FAILED at step {step}"),
    "expected": Text("verwacht: {what}", "expected: {what}"),
    "seen": Text("gezien: {what}", "seen: {what}"),
}


@dataclass(frozen=True, slots=True)
class Texts:
    """The table in one language."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """The text under this key, filled in."""
        return TEXTS[key].in_language(self.language).format(**values)
