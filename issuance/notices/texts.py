"""What notices say: Dutch for whoever manages cards, and English below it. Plain text.

A message travels through mail servers that are nobody's of ours, so it names no person: the card
by the end of its number, which the organisation can look up.
"""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from pki.domain.identifiers import CardNumber
from pki.domain.notices.records import Letter, NoticeKind, ShownNotice

AMSTERDAM: Final = "Europe/Amsterdam"
_SHOWN_DIGITS: Final = 4
_WIDTH: Final = 76
_DUTCH_MONTHS: Final = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_ENGLISH_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice in words, of one language: what is so, and what the reader can do."""

    fact: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Subject and text of a message; lines end in a line feed."""

    subject: str
    text: str


def short_number(number: CardNumber) -> str:
    """The end of a card's number."""
    return f"…{number.value[-_SHOWN_DIGITS:]}"


def dutch_day(at: datetime) -> str:
    """The day in Amsterdam, as ``3 maart 2027``."""
    return _day(at, _DUTCH_MONTHS)


def english_day(at: datetime) -> str:
    """The same, as ``3 March 2027``."""
    return _day(at, _ENGLISH_MONTHS)


def in_dutch(shown: ShownNotice) -> Told:
    """A notice, in Dutch."""
    return _filled(DUTCH[shown.notice.fact.kind], shown, dutch_day)


def in_english(shown: ShownNotice) -> Told:
    """A notice, in English."""
    return _filled(ENGLISH[shown.notice.fact.kind], shown, english_day)


def message_of(letter: Letter, installation: str) -> Message:
    """All that a letter tells. The kind of installation shows, unless it is production."""
    mark = "" if installation == "production" else f"[{_MARKS.get(installation, installation)}] "
    parts = (_part(letter, _DUTCH_FRAME, in_dutch), _part(letter, _ENGLISH_FRAME, in_english))
    return Message(subject=mark + _subject(letter), text="\n\n\n".join(parts) + "\n")


def _subject(letter: Letter) -> str:
    if len(letter.notices) > 1:
        return f"ZORG-ID: {len(letter.notices)} berichten over uw smartcards"
    (only,) = letter.notices
    return f"ZORG-ID: {in_dutch(only).fact.rstrip('.')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What stands around the notices."""

    head: str
    foot: str
    reference: str


def _part(letter: Letter, frame: _Frame, words: Callable[[ShownNotice], Told]) -> str:
    head = frame.head.format(name=letter.organisation, ura=letter.ura)
    said = (_item(words(each), f"{frame.reference} {each.notice.id}") for each in letter.notices)
    return "\n\n".join((head, *said, textwrap.fill(frame.foot, _WIDTH)))


def _item(told: Told, reference: str) -> str:
    fact = textwrap.fill(told.fact, _WIDTH, initial_indent="* ", subsequent_indent="  ")
    advice = textwrap.fill(told.advice, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    return f"{fact}\n{advice}\n  {reference}"


def _filled(told: Told, shown: ShownNotice, day: Callable[[datetime], str]) -> Told:
    fact = shown.notice.fact
    words = {
        "card": short_number(shown.card_number),
        "day": day(fact.at),
        "time": fact.at.astimezone(ZoneInfo(AMSTERDAM)).strftime("%H:%M"),
        "until": day(fact.until),
    }
    return Told(fact=told.fact.format_map(words), advice=told.advice.format_map(words))


def _day(at: datetime, months: tuple[str, ...]) -> str:
    there = at.astimezone(ZoneInfo(AMSTERDAM))
    return f"{there.day} {months[there.month - 1]} {there.year}"


_MARKS: Final = {"practice": "oefening / practice", "acceptance": "acceptatie / acceptance"}

_DUTCH_FRAME: Final = _Frame(
    head="Over de ZORG-ID Smartcards van {name} (URA {ura}):",
    foot=(
        "U ontvangt dit bericht omdat dit adres het contactadres van uw organisatie is. Een "
        "administrator van uw organisatie kan het wijzigen. Antwoorden worden niet gelezen."
    ),
    reference="Kenmerk",
)
_ENGLISH_FRAME: Final = _Frame(
    head="English\n\nAbout the ZORG-ID Smartcards of {name} (URA {ura}):",
    foot=(
        "You get this message because this address is your organisation's contact address. An "
        "administrator of your organisation can change it. Answers are not read."
    ),
    reference="Reference",
)

_EXPIRY: Final = (NoticeKind.EXPIRES_90, NoticeKind.EXPIRES_30, NoticeKind.EXPIRES_7)

DUTCH: Final[Mapping[NoticeKind, Told]] = {
    **dict.fromkeys(
        _EXPIRY,
        Told(
            fact="Smartcard {card} verloopt op {day}.",
            advice=(
                "Daarna werkt de kaart niet meer. Zorg dat de medewerker dan een geldige "
                "UZI-medewerkerspas op naam heeft: daarmee is vanaf die dag een nieuwe smartcard "
                "te maken, of eerder als u deze kaart eerst blokkeert en intrekt."
            ),
        ),
    ),
    NoticeKind.UNLINKED: Told(
        fact="Smartcard {card} is sinds {day} aan geen enkele organisatie meer gekoppeld.",
        advice=(
            "De kaart werkt tot {until} en wordt dan definitief beëindigd. Tot die tijd kan alleen "
            "het ZORG-ID-team hem blokkeren. Werkt de medewerker nog bij u, koppel de kaart dan "
            "weer; anders hoeft u niets te doen."
        ),
    ),
    NoticeKind.BLOCKED: Told(
        fact="Smartcard {card} is op {day} om {time} uur geblokkeerd.",
        advice=(
            "De kaart werkt bij geen enkele zorgaanbieder tot u hem weer activeert. Komt de kaart "
            "niet terug, trek hem dan in: pas daarna kan de medewerker een nieuwe maken."
        ),
    ),
    NoticeKind.HELD: Told(
        fact="Smartcard {card} is al sinds {day} geblokkeerd, langer dan is afgesproken.",
        advice=(
            "Is de kaart terecht en in goede handen, activeer hem dan weer. Trek hem anders in: "
            "dat is definitief, en daarna kan de medewerker een nieuwe maken."
        ),
    ),
    NoticeKind.REVOKED: Told(
        fact="Smartcard {card} is op {day} om {time} uur definitief ingetrokken.",
        advice=(
            "De kaart is niet meer te gebruiken. Met een geldige UZI-medewerkerspas op naam kan "
            "de medewerker een nieuwe smartcard maken."
        ),
    ),
}

ENGLISH: Final[Mapping[NoticeKind, Told]] = {
    **dict.fromkeys(
        _EXPIRY,
        Told(
            fact="Smartcard {card} expires on {day}.",
            advice=(
                "After that the card does not work. See that the employee has a valid UZI staff "
                "pass on name by then: with it a new smartcard can be made from that day on, or "
                "earlier if you block and revoke this card first."
            ),
        ),
    ),
    NoticeKind.UNLINKED: Told(
        fact="Smartcard {card} has not been linked to any organisation since {day}.",
        advice=(
            "The card works until {until} and then ends for ever. Until then only the ZORG-ID "
            "team can block it. If the employee still works for you, link the card again; "
            "otherwise there is nothing you need to do."
        ),
    ),
    NoticeKind.BLOCKED: Told(
        fact="Smartcard {card} was blocked on {day} at {time}.",
        advice=(
            "The card works at no care provider until you activate it again. If it does not come "
            "back, revoke it: only then can the employee make a new one."
        ),
    ),
    NoticeKind.HELD: Told(
        fact="Smartcard {card} has been blocked since {day}, longer than was agreed.",
        advice=(
            "If the card was found and is in good hands, activate it again. Otherwise revoke it: "
            "that is for ever, and then the employee can make a new one."
        ),
    ),
    NoticeKind.REVOKED: Told(
        fact="Smartcard {card} was revoked for ever on {day} at {time}.",
        advice=(
            "The card is of no use any more. With a valid UZI staff pass on name the employee can "
            "make a new smartcard."
        ),
    ),
}
