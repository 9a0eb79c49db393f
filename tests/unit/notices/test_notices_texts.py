"""What a message says: who, what, when, what to do, and nobody's name."""

import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from issuance.notices.rules import notice_to
from issuance.notices.texts import (
    DUTCH,
    ENGLISH,
    dutch_day,
    english_day,
    in_dutch,
    in_english,
    message_of,
    short_number,
)
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import CardId, CardNumber, OrganisationId, Ura
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.records import Fact, Letter, NoticeKind, ShownNotice
from pki.notify.message import Content, Sender, octets_of
from pki.ports import SystemClock
from server.auditing.exporting import _moment

AT = datetime(2027, 3, 2, 23, 30, tzinfo=UTC)
"""Half past twelve at night on 3 March in Amsterdam."""

NUMBER = CardNumber("ZORG-00420042")
ORGANISATION = OrganisationId("2" * 32)
ADDRESS = EmailAddress("beheer@praktijk.example")
NAME = "Huisartsenpraktijk 's-Gravenhage {ura} é"


def shown(kind: NoticeKind) -> ShownNotice:
    fact = Fact(kind=kind, card=CardId("1" * 32), at=AT, until=AT + timedelta(days=61))
    notice = notice_to(ORGANISATION, fact, AT)
    return ShownNotice(notice=notice, card_number=NUMBER, state="actief", managed=True)


def letter(*kinds: NoticeKind) -> Letter:
    return Letter(
        id="ab" * 16,
        organisation=NAME,
        ura=Ura("90000382"),
        to=ADDRESS,
        notices=tuple(map(shown, kinds)),
    )


def test_days_are_those_of_amsterdam() -> None:
    assert dutch_day(AT) == "3 maart 2027"
    assert english_day(AT) == "3 March 2027"
    assert dutch_day(datetime(2026, 7, 31, 22, 0, tzinfo=UTC)) == "1 augustus 2026"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "nonsense"])
def test_the_computers_time_zone_changes_nothing(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        days = (dutch_day(AT), english_day(AT))
        moment, written = SystemClock().now(), encode_time(AT)
        since = _moment("2027-03-02")
    time.tzset()
    assert days == ("3 maart 2027", "3 March 2027")
    assert (moment.tzinfo, written) == (UTC, "2027-03-02T23:30:00.000000Z")
    assert since == datetime(2027, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_is_told_in_both_languages(kind: NoticeKind) -> None:
    for told in (in_dutch(shown(kind)), in_english(shown(kind))):
        assert "…0042" in told.fact
        assert "{" not in told.fact + told.advice
        assert told.fact.endswith(".")
    assert "3 maart 2027" in in_dutch(shown(kind)).fact
    assert "3 March 2027" in in_english(shown(kind)).fact
    if kind is NoticeKind.UNLINKED:
        assert "3 mei 2027" in in_dutch(shown(kind)).advice


def test_dutch_is_polite() -> None:
    words = " ".join(f"{each.fact} {each.advice}" for each in DUTCH.values()).lower().split()
    assert not {"je", "jij", "jouw", "jullie"} & set(words)
    assert DUTCH.keys() == ENGLISH.keys() == set(NoticeKind)


def test_times_are_those_of_amsterdam() -> None:
    assert "3 maart 2027 om 00:30 uur" in in_dutch(shown(NoticeKind.BLOCKED)).fact


def test_one_notice_is_its_own_subject_and_more_are_counted() -> None:
    one = message_of(letter(NoticeKind.REVOKED), "production")
    assert one.subject == (
        "ZORG-ID: Smartcard …0042 is op 3 maart 2027 om 00:30 uur definitief ingetrokken"
    )
    many = message_of(letter(NoticeKind.BLOCKED, NoticeKind.REVOKED), "practice")
    assert many.subject == "[oefening / practice] ZORG-ID: 2 berichten over uw smartcards"
    for each in letter(NoticeKind.BLOCKED, NoticeKind.REVOKED).notices:
        assert many.text.count(each.notice.id.value) == 2
    assert many.text.count(NAME) == 2
    assert NUMBER.value not in many.text
    assert max(map(len, many.text.splitlines())) <= 78 + len(NAME)


def test_a_short_number_is_the_end_of_it() -> None:
    assert short_number(CardNumber("ZC-1")) == "…ZC-1"


def test_the_octets_say_the_same_and_are_ascii() -> None:
    told = message_of(letter(NoticeKind.UNLINKED), "production")
    sender = Sender(address=EmailAddress("noreply@zorg.example"), name="ZORG-ID, team é")
    content = Content(subject=told.subject, text=told.text, languages="nl, en")
    octets = octets_of(content, sender=sender, to=ADDRESS, name="ab" * 16, at=AT)
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 78
    read = message_from_bytes(octets, policy=default)
    assert read["Subject"] == told.subject
    assert read["To"] == ADDRESS.value
    assert read["From"].addresses[0].display_name == "ZORG-ID, team é"
    assert read["Message-ID"] == f"<{'ab' * 16}@zorg.example>"
    assert read["Date"].datetime == AT
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content_type() == "text/plain"
    assert read.get_content().replace("\r\n", "\n") == told.text
    same = octets_of(content, sender=sender, to=ADDRESS, name="ab" * 16, at=AT)
    assert same == octets
