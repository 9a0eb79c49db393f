"""The calendar, as another library reads it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from issuance.notices.calendar import calendar_of
from issuance.notices.rules import notice_to
from made.calendar import calendar_events
from pki.domain.identifiers import CardId, CardNumber, OrganisationId
from pki.domain.notices.records import Fact, NoticeKind, ShownNotice

AT = datetime(2027, 3, 2, 23, 30, tzinfo=UTC)
MADE = datetime(2026, 12, 2, 9, 0, 1, tzinfo=UTC)
ONE = OrganisationId("2" * 32)
EXPIRY = (NoticeKind.EXPIRES_90, NoticeKind.EXPIRES_30, NoticeKind.EXPIRES_7)
TITLE = "Praktijk; 'De Linde', é\\\r\nBEGIN:VEVENT\x07"


def shown(
    kind: NoticeKind, *, card: str = "1", made: datetime = MADE, state: str = "actief"
) -> ShownNotice:
    fact = Fact(kind=kind, card=CardId(card * 32), at=AT, until=AT + timedelta(days=61))
    number = CardNumber(f"ZORG-0000{card * 4}")
    notice = notice_to(ONE, fact, made)
    return ShownNotice(notice=notice, card_number=number, state=state, managed=True)


def read(*notices: ShownNotice, title: str = TITLE) -> list[dict[str, Any]]:
    octets = calendar_of(title, notices)
    lines = octets.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(each) <= 75 for each in lines)
    assert b"\n" not in octets.replace(b"\r\n", b"")
    return calendar_events(octets)


def test_no_notices_are_a_calendar_too() -> None:
    assert read() == []


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_is_a_day(kind: NoticeKind) -> None:
    (event,) = read(shown(kind))
    ends = kind is NoticeKind.UNLINKED
    assert event["DTSTART"].dt == (date(2027, 5, 3) if ends else date(2027, 3, 3))
    assert "…1111" in event["SUMMARY"]
    assert "ZORG-00001111" not in event["DESCRIPTION"]
    assert "Smartcard …1111" in event["DESCRIPTION"]
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == MADE
    assert event["CLASS"] == "PRIVATE"


def test_a_name_stays_a_name() -> None:
    octets = calendar_of(TITLE, [shown(NoticeKind.BLOCKED)])
    assert b"\r\nNAME:Praktijk\\; 'De Linde'\\, \xc3\xa9\\\\\\nBEGIN:VEVENT\r\n" in octets
    assert len(read(shown(NoticeKind.BLOCKED))) == 1


def test_three_notices_of_one_expiry_are_one_day_that_changes() -> None:
    made = [shown(kind, made=MADE + n * timedelta(days=1)) for n, kind in enumerate(EXPIRY)]
    sequences, uids = [], set()
    for count in (1, 2, 3):
        (event,) = read(*reversed(made[:count]))
        sequences.append(int(event["SEQUENCE"]))
        uids.add(str(event["UID"]))
    assert sequences == sorted(set(sequences))
    assert len(uids) == 1


def test_what_will_not_come_is_cancelled_and_what_comes_after_all_is_newer() -> None:
    first = shown(NoticeKind.EXPIRES_90)
    (before,) = read(first)
    (revoked,) = read(replace(first, state="ingetrokken"))
    assert (str(before["STATUS"]), str(revoked["STATUS"])) == ("CONFIRMED", "CANCELLED")
    alone = replace(shown(NoticeKind.UNLINKED), managed=False)
    steps = [
        [alone],
        [replace(alone, managed=True)],
        [alone, replace(shown(NoticeKind.UNLINKED, made=MADE + timedelta(9)), managed=False)],
    ]
    events = [read(*each)[0] for each in steps]
    assert [str(each["STATUS"]) for each in events] == ["CONFIRMED", "CANCELLED", "CONFIRMED"]
    assert [int(each["SEQUENCE"]) for each in events] == [0, 1, 2]


def test_the_same_notices_are_the_same_octets() -> None:
    mine = [shown(kind, card=str(n + 1)) for n, kind in enumerate(NoticeKind)]
    assert calendar_of("a", mine) == calendar_of("a", list(reversed(mine)))
    assert len(read(*mine)) == len(mine)
