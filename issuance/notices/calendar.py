"""Notices as a calendar (RFC 5545): days that matter, for any calendar program to follow.

Whoever has the address can read it, so it says as little as a message does: the end of a card's
number, and no person.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from issuance.notices.texts import AMSTERDAM, in_dutch, in_english
from pki.domain.notices.records import NoticeKind, ShownNotice

MEDIA_TYPE: Final = "text/calendar"
_EXPIRY: Final = frozenset({NoticeKind.EXPIRES_90, NoticeKind.EXPIRES_30, NoticeKind.EXPIRES_7})
_REVOKED: Final = "ingetrokken"
_LINE_OCTETS: Final = 75
"""Without the line's end (RFC 5545 3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """One event. ``uid`` stays as long as it is about the same thing; ``sequence`` only grows."""

    uid: str
    shown: ShownNotice
    at: datetime
    sequence: int
    cancelled: bool


def calendar_of(title: str, notices: Sequence[ShownNotice]) -> bytes:
    """The calendar of these notices; the same octets for the same notices and cards."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ZORG-ID Token CA//notices//NL",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(title)}",
        f"X-WR-CALNAME:{_text(title)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
    ]
    for day in _days(notices):
        lines += _event(day)
    lines.append("END:VCALENDAR")
    return b"".join(map(_folded, lines))


def _days(notices: Sequence[ShownNotice]) -> Iterator[_Day]:
    """One event for each end of a card that may come, which changes with each notice of it.

    Between two notices it may have been cancelled: hence two steps of the sequence for each.
    """
    named = sorted(((_uid(each), each.notice.made_at, each) for each in notices), key=_order)
    for uid, group in groupby(named, key=lambda each: each[0]):
        shown = [each[2] for each in group]
        last = shown[-1]
        fact, cancelled = last.notice.fact, _is_cancelled(last)
        unlinked = fact.kind is NoticeKind.UNLINKED
        yield _Day(
            uid=uid,
            shown=last,
            at=fact.until if unlinked else fact.at,
            sequence=2 * (len(shown) - 1) + cancelled,
            cancelled=cancelled,
        )


def _order(named: tuple[str, datetime, ShownNotice]) -> tuple[str, datetime]:
    return named[:2]


def _uid(shown: ShownNotice) -> str:
    fact = shown.notice.fact
    if fact.kind in _EXPIRY:
        return f"expires-{fact.card}-{fact.at:%Y%m%d}"
    if fact.kind is NoticeKind.UNLINKED:
        return f"unlinked-{fact.card}"
    return shown.notice.id.value


def _is_cancelled(shown: ShownNotice) -> bool:
    """Whether what was to come will not: the card ended before, or is managed again."""
    match shown.notice.fact.kind:
        case NoticeKind.UNLINKED:
            return shown.managed
        case NoticeKind.EXPIRES_90 | NoticeKind.EXPIRES_30 | NoticeKind.EXPIRES_7:
            return shown.state == _REVOKED
        case _:
            return False


def _event(day: _Day) -> Iterator[str]:
    dutch, english = in_dutch(day.shown), in_english(day.shown)
    said = f"{dutch.fact}\n{dutch.advice}\n\n{english.fact}\n{english.advice}"
    stamp = f"{day.shown.notice.made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield "BEGIN:VEVENT"
    yield f"UID:{day.uid}@zorg-id"
    yield f"DTSTAMP:{stamp}"
    yield f"LAST-MODIFIED:{stamp}"
    yield f"SEQUENCE:{day.sequence}"
    yield f"DTSTART;VALUE=DATE:{day.at.astimezone(ZoneInfo(AMSTERDAM)):%Y%m%d}"
    yield f"SUMMARY:{_text(dutch.fact)}"
    yield f"DESCRIPTION:{_text(said)}"
    yield f"STATUS:{'CANCELLED' if day.cancelled else 'CONFIRMED'}"
    yield "CLASS:PRIVATE"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _text(value: str) -> str:
    """RFC 5545 3.3.11; other control characters are not allowed at all (3.1) and go."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    lines = escaped.replace("\r\n", "\n").replace("\n", "\\n")
    return "".join(each for each in lines if each.isprintable())


def _folded(line: str) -> bytes:
    """The line with its end; longer ones go on behind a space (RFC 5545 3.1), at whole letters."""
    octets, rest = bytearray(), _LINE_OCTETS
    for letter in line:
        encoded = letter.encode()
        if len(encoded) > rest:
            octets += b"\r\n "
            rest = _LINE_OCTETS - 1
        octets += encoded
        rest -= len(encoded)
    return bytes(octets) + b"\r\n"
