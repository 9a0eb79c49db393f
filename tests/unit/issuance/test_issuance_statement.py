"""What held at a moment: the exact edges of intervals, and what nobody can know."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from issuance.statement.at import read_moment
from issuance.statement.content import described, statement
from pki.domain.errors import Conflict, Malformed, NotFound
from pki.domain.event_codec import encode_time
from pki.domain.events import CardUnblocked
from pki.domain.journal import JournalHead, RawEntry, canonical_json, verify_chain
from pki.domain.status import Good, OnHold, Revoked
from status_side.past import (
    BEGIN,
    BLOCKED,
    BLOCKED_AGAIN,
    CARD,
    COMPROMISED,
    CONFIRMED,
    INTENDED,
    ISSUER,
    NEVER,
    NOT_AFTER,
    NOW,
    OTHER,
    REVOKED,
    SERIAL,
    TICK,
    UNBLOCKED,
    Past,
    asked,
    lived,
    started,
    told,
)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (BEGIN, ("not-issued", "unknown", "absent", False)),
        (INTENDED - TICK, ("not-issued", "unknown", "absent", False)),
        (INTENDED, ("unconfirmed", "revoked", "absent", False)),
        (CONFIRMED - TICK, ("unconfirmed", "revoked", "absent", False)),
        (CONFIRMED, ("good", "good", "absent", True)),
        (BLOCKED - TICK, ("good", "good", "absent", True)),
        (BLOCKED, ("on-hold", "revoked", "listed", False)),
        (UNBLOCKED - TICK, ("on-hold", "revoked", "listed", False)),
        (UNBLOCKED, ("good", "good", "absent", True)),
        (BLOCKED_AGAIN, ("on-hold", "revoked", "listed", False)),
        (REVOKED - TICK, ("on-hold", "revoked", "listed", False)),
        (REVOKED, ("revoked", "revoked", "listed", False)),
        (NOT_AFTER + timedelta(days=100), ("revoked", "revoked", "listed", False)),
    ],
)
def test_at_the_instant_of_a_change_the_new_status_holds(
    moment: datetime, expected: tuple[str, str, str, bool]
) -> None:
    assert told(lived(), moment) == expected


def test_what_was_revoked_after_a_block_keeps_the_blocks_date() -> None:
    answer = described(asked(lived(), REVOKED + TICK))["answer"]
    assert isinstance(answer, dict)
    assert answer["revoked_at"] == "2026-11-21T09:00:00.000000Z"
    assert answer["reason"] == "keyCompromise"
    assert answer["since"] == "2026-11-22T09:00:00.000000Z"


@pytest.mark.parametrize("moment", [CONFIRMED, COMPROMISED, BLOCKED_AGAIN, REVOKED])
def test_what_is_known_of_a_compromise_is_told_and_changes_nothing_of_what_held(
    moment: datetime,
) -> None:
    found = asked(lived(), moment)
    content = described(found)
    assert found.compromised_since == COMPROMISED
    assert content["answer"]["compromised_since"] == encode_time(COMPROMISED)  # type: ignore[index] # an object
    assert found.valid == (moment in {CONFIRMED, COMPROMISED})
    told = [each["compromised_since"] for each in content["history"]]  # type: ignore[attr-defined] # a list
    assert told == [None] * 5 + [encode_time(COMPROMISED)]


def test_without_a_compromise_none_is_told() -> None:
    past = lived()
    past.intervals.pop()
    assert asked(past, CONFIRMED).compromised_since is None
    assert asked(started(), BEGIN).compromised_since is None


@pytest.mark.parametrize(
    ("moment", "validity", "valid"),
    [
        (NOT_AFTER, "within", True),
        (NOT_AFTER + timedelta(milliseconds=999), "within", True),
        (NOT_AFTER + timedelta(seconds=1), "after", False),
    ],
)
def test_expiry_ends_validity_and_not_the_status(
    moment: datetime, validity: str, *, valid: bool
) -> None:
    past = lived()
    del past.intervals[2:]
    found = asked(past, moment)
    assert (found.validity, found.valid) == (validity, valid)
    assert described(found)["answer"]["status"] == "good"  # type: ignore[index] # an object


def test_before_its_own_dates_it_is_not_valid() -> None:
    past = lived()
    assert asked(past, INTENDED - TICK).validity == "before"


def test_two_changes_at_one_instant_leave_the_last() -> None:
    past = started()
    for status in (Good(), OnHold(since=INTENDED)):
        past.become(status, CardUnblocked(card=CARD, issuer=ISSUER, serial=SERIAL), INTENDED)
    assert told(past, INTENDED)[0] == "on-hold"
    assert told(past, INTENDED - TICK)[0] == "not-issued"


def test_a_serial_that_was_given_up_has_no_dates() -> None:
    past = started()
    lost = Revoked(at=INTENDED, reason=None)
    past.become(lost, CardUnblocked(card=CARD, issuer=ISSUER, serial=SERIAL), INTENDED)
    found = asked(past, CONFIRMED)
    assert (found.validity, found.valid) == (None, False)
    assert described(found)["certificate"] is None


def test_a_serial_never_issued() -> None:
    found = asked(lived(), REVOKED, serial=NEVER)
    assert (found.interval, found.validity, found.valid) == (None, None, False)
    content = described(found)
    assert content["issuer"] is None
    assert (content["history"], content["entries"]) == ([], [])


def test_another_issuer_never_issued_it() -> None:
    found = asked(lived(), REVOKED, issuer=OTHER)
    assert found.interval is None
    content = described(found)
    assert (content["issuer"], content["certificate"]) == ("token-ca-g2", None)
    assert asked(lived(), REVOKED, issuer=ISSUER).interval is not None


def test_the_future_is_not_known() -> None:
    with pytest.raises(Malformed, match="future"):
        asked(lived(), NOW + TICK)
    assert asked(lived(), NOW - timedelta(minutes=1)).interval is not None


def test_nothing_is_known_of_the_time_before_the_journal() -> None:
    with pytest.raises(NotFound, match=r"begins at 2026-11-01T09:00:00\.000000Z"):
        asked(lived(), BEGIN - TICK)
    with pytest.raises(NotFound, match="is empty"):
        asked(Past(), BEGIN)


@pytest.mark.parametrize("ago", [0, 1, 59])
def test_a_moment_that_a_commit_under_way_may_still_change_is_refused(ago: int) -> None:
    now = REVOKED + timedelta(hours=1)
    with pytest.raises(Conflict, match="recent"):
        asked(lived(), now - timedelta(seconds=ago), now)
    assert asked(lived(), now - timedelta(seconds=60), now).interval is not None


def test_a_moment_before_the_last_entry_is_settled_at_once() -> None:
    """Entries never go back in time, so nothing can be put before one that is there."""
    now = REVOKED + timedelta(seconds=1)
    assert described(asked(lived(), REVOKED - TICK, now))["answer"]["status"] == "on-hold"  # type: ignore[index] # an object
    with pytest.raises(Conflict):
        asked(lived(), REVOKED, now)


def test_a_statement_is_canonical_and_holds_the_entries_as_exported() -> None:
    past = lived()
    text = statement(asked(past, REVOKED), NOW)
    content = json.loads(text)
    assert canonical_json(content) == text
    assert content["made_at"] == "2030-12-10T09:00:00.000000Z"
    assert content["certificate"]["sha256"] == hashlib.sha256(b"certificate").hexdigest()
    assert content["journal"]["position"] == len(past.entries)
    assert [each["position"] for each in content["entries"]] == [2, 3, 4, 5, 6, 7]
    raw = tuple(map(raw_of, content["entries"]))
    assert raw == tuple(past.entries[1:])
    before = JournalHead(position=1, digest=past.entries[0].digest)
    assert verify_chain(raw, after=before) == past.head()


def raw_of(entry: dict[str, object]) -> RawEntry:
    octets = {name: bytes.fromhex(str(entry[name])) for name in ("previous", "digest")}
    return RawEntry(**(entry | octets))  # type: ignore[arg-type] # as exported


def test_intervals_follow_each_other_without_gaps() -> None:
    history = described(asked(lived(), REVOKED))["history"]
    assert isinstance(history, Sequence)
    ends = [each["until"] for each in history]
    assert ends == [*(each["since"] for each in history[1:]), None]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01T09:00:00Z", BEGIN),
        ("2026-11-01T10:00:00+01:00", BEGIN),
        ("2026-11-01T09:00:00.000001Z", BEGIN + TICK),
    ],
)
def test_times_are_read_with_their_zone(text: str, moment: datetime) -> None:
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "now", "2026-11-01", "2026-11-01T09:00:00", "2026-11-01T09:00:00 01:00", "1e9"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_moment(text)
