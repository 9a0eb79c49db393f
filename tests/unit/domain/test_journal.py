"""The chain: one encoding, one digest, and nothing that was touched stays hidden."""

import hashlib
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.domain.errors import ChainBroken, Malformed
from pki.domain.event_codec import EVERY_EVENT, decode, decode_time, encode, encode_time
from pki.domain.events import (
    CardLapsed,
    CertificateIntended,
    CrlPublished,
    ServiceStarted,
    SessionOpened,
    touched,
)
from pki.domain.identifiers import CardId, IssuerId, SerialNumber, SessionId, Ura
from pki.domain.journal import (
    GENESIS,
    JournalEntry,
    JournalHead,
    RawEntry,
    actor_text,
    append,
    canonical_json,
    entry_digest,
    to_raw,
    verify_chain,
)
from pki.domain.people import SYSTEM, Actor, Role

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
START = JournalHead(position=0, digest=GENESIS)
ACTOR = Actor(role=Role.HOLDER, id="0" * 31 + "7", ura=Ura("90000111"))
OPENED = SessionOpened(session=SessionId("a" * 32), pass_digest="ø")


def chain(count: int) -> list[JournalEntry]:
    head, entries = START, []
    for number in range(count):
        event = ServiceStarted(roles="r", version=str(number))
        entry = append(head, at=NOON + timedelta(seconds=number), actor=ACTOR, event=event)
        head = JournalHead(position=entry.position, digest=entry.digest)
        entries.append(entry)
    return entries


def raw(count: int) -> list[RawEntry]:
    return [to_raw(entry) for entry in chain(count)]


def test_the_digest_is_what_the_documented_encoding_gives() -> None:
    entry = append(START, at=NOON, actor=ACTOR, event=OPENED)
    text = (
        '{"actor":"zorgmedewerker:00000000000000000000000000000007",'
        '"at":"2026-11-22T12:00:00.000000Z","kind":"session.opened",'
        f'"payload":{{"pass_digest":"ø","session":"{"a" * 32}"}},'
        f'"position":1,"previous":"{"0" * 64}","ura":"90000111"}}'
    )
    assert entry.digest == hashlib.sha256(text.encode()).digest()
    assert (entry.position, entry.previous) == (1, GENESIS)


def test_no_organisation_is_null() -> None:
    entry = to_raw(append(START, at=NOON, actor=SYSTEM, event=OPENED))
    assert entry.ura is None
    assert entry.actor == "systeem:zorgid"
    assert entry_digest(entry) == entry.digest


@given(
    st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=6),
    st.randoms(use_true_random=False),
)
def test_one_object_has_one_text(value: dict[str, object], chance: random.Random) -> None:
    items = list(value.items())
    chance.shuffle(items)
    shuffled = dict(items)
    assert canonical_json(shuffled) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value


def test_each_entry_follows_the_one_before() -> None:
    entries = chain(5)
    assert [entry.position for entry in entries] == [1, 2, 3, 4, 5]
    assert all(later.previous == former.digest for former, later in pairwise(entries))


def test_a_whole_chain_ends_at_its_head() -> None:
    entries = raw(5)
    head = JournalHead(position=5, digest=entries[-1].digest)
    assert verify_chain(entries) == head
    assert verify_chain([]) == START
    middle = JournalHead(position=2, digest=entries[1].digest)
    assert verify_chain(entries[2:], after=middle) == head
    assert verify_chain([], after=middle) == middle


CHANGES: dict[str, object] = {
    "at": "2026-11-22T12:00:02.000001Z",
    "actor": "zorgmedewerker:00000000000000000000000000000008",
    "ura": "90000112",
    "kind": "session.opened",
    "payload": {"roles": "r", "version": "x"},
    "previous": bytes(31) + b"\1",
    "digest": bytes(32),
    "position": 4,
}


@pytest.mark.parametrize("field", CHANGES)
def test_any_changed_field_is_found_at_its_entry(field: str) -> None:
    entries = raw(5)
    entries[2] = replace(entries[2], **{field: CHANGES[field]})  # type: ignore[arg-type]  # by name
    with pytest.raises(ChainBroken) as broken:
        verify_chain(entries)
    assert broken.value.position == 3
    assert "3" in broken.value.message
    assert broken.value.next_step


def test_a_missing_organisation_is_a_change() -> None:
    entries = raw(2)
    entries[0] = replace(entries[0], ura=None)
    with pytest.raises(ChainBroken):
        verify_chain(entries)


@given(st.integers(2, 7), st.data())
def test_what_is_dropped_doubled_or_swapped_is_found(count: int, data: st.DataObject) -> None:
    entries = raw(count)
    place = data.draw(st.integers(0, count - 2))
    dropped = entries[:place] + entries[place + 1 :]
    doubled = [*entries[: place + 1], *entries[place:]]
    swapped = [*entries]
    swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
    for broken, position in [(dropped, place + 1), (doubled, place + 2), (swapped, place + 1)]:
        with pytest.raises(ChainBroken) as found:
            verify_chain(broken)
        assert found.value.position == position


def test_a_rewritten_rest_is_found_by_a_known_head() -> None:
    entries = raw(5)
    head = JournalHead(position=2, digest=entries[1].digest)
    forged = append(head, at=NOON, actor=SYSTEM, event=OPENED)
    assert verify_chain([*entries[:2], to_raw(forged)]).digest != entries[2].digest
    with pytest.raises(ChainBroken):
        verify_chain([*entries[:2], to_raw(forged), *entries[3:]])
    with pytest.raises(ChainBroken):
        verify_chain(entries[3:], after=JournalHead(position=3, digest=forged.digest))


def test_an_actor_is_role_and_id() -> None:
    assert actor_text(ACTOR) == "zorgmedewerker:" + "0" * 31 + "7"


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1)))  # noqa: DTZ001 -- hypothesis adds the zone
def test_time_comes_back_to_the_microsecond(at: datetime) -> None:
    assert decode_time(encode_time(at)) == at


def test_one_moment_has_one_text() -> None:
    amsterdam = timezone(timedelta(hours=1))
    assert encode_time(NOON) == "2026-11-22T12:00:00.000000Z"
    assert encode_time(NOON.astimezone(amsterdam)) == encode_time(NOON)


@pytest.mark.parametrize(
    "text", ["", "2026-11-22T12:00:00Z", "2026-11-22 12:00:00.000000Z", "2026-13-01T00:00:00.0Z"]
)
def test_another_time_text_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        decode_time(text)


INTENDED = CertificateIntended(
    card=CardId("b" * 32),
    issuer=IssuerId("token-ca-g1"),
    serial=SerialNumber(1 << 157),
    tbs_sha256="00",
    profile="card@00",
)


def test_an_event_is_scalars_and_comes_back() -> None:
    payload = encode(INTENDED)
    assert payload["serial"] == f"{1 << 157:040x}"
    assert {type(value) for value in payload.values()} == {str}
    assert decode("certificate.intended", payload) == INTENDED
    crl = CrlPublished(issuer=IssuerId("root-g1"), number=5, crl_sha256="00", entries=0, upto=9)
    assert decode("crl.published", json.loads(canonical_json(encode(crl)))) == crl


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("certificate.unheard", {}),
        ("certificate.intended", {"extra": "x"}),
        ("certificate.intended", {"serial": "0"}),
        ("certificate.intended", {"serial": 5}),
        ("certificate.intended", {"serial": None}),
        ("certificate.intended", {"issuer": "Token CA"}),
        ("certificate.intended", {"card": "b"}),
    ],
)
def test_another_payload_is_malformed(kind: str, change: dict[str, str | int | None]) -> None:
    with pytest.raises(Malformed):
        decode(kind, encode(INTENDED) | change)


def test_a_missing_field_is_malformed() -> None:
    payload = encode(INTENDED)
    del payload["profile"]
    with pytest.raises(Malformed):
        decode("certificate.intended", payload)


def test_a_flag_is_no_number() -> None:
    payload = encode(
        CrlPublished(issuer=IssuerId("root-g1"), number=5, crl_sha256="00", entries=0, upto=9)
    )
    with pytest.raises(Malformed):
        decode("crl.published", payload | {"entries": True})


def test_kinds_are_distinct() -> None:
    kinds = [cls.KIND for cls in EVERY_EVENT]
    assert all(kinds)
    assert len(set(kinds)) == len(kinds)


def test_what_an_event_touches() -> None:
    assert touched(INTENDED) == (INTENDED.issuer, INTENDED.serial)
    assert touched(OPENED) is None
    lapsed = CardLapsed(card=INTENDED.card, issuer=INTENDED.issuer, serial=None, revoked_at=None)
    assert touched(lapsed) is None
    with_serial = replace(lapsed, serial=INTENDED.serial, revoked_at=NOON)
    assert touched(with_serial) == (INTENDED.issuer, INTENDED.serial)
