"""Entries kept encoded: what is kept agrees with the rows, whatever happens to it."""

import logging
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crl.build import CrlIssuer
from crl.policy import CrlPolicy
from crl.roll import Roll, changes_of, difference, gather, roll_of, walk
from crl.service import CrlService
from fakes.status import ISSUER, START, FakeClock, FakeCrlStore, FakeStore
from pki.der.crl import encode_entry, read_crl, read_entries
from pki.domain.errors import Malformed
from pki.domain.identifiers import ISSUED_SERIAL_MIN, SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.records import ChangedCertificate
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.trust.signatures import verify_signature
from status_side.listed_rows import listed_rows
from status_side.small_pki import SERIALS, PlainSigner, PracticeCa, new_key

CA = PracticeCa("Token CA", new_key("ca"))
A, B, C, *_ = SERIALS
Statuses = Mapping[SerialNumber, CertificateStatus]

statuses = st.sampled_from(
    [
        Good(),
        Unconfirmed(since=START),
        OnHold(since=START),
        Revoked(at=START, reason=None),
        Revoked(at=START, reason=RevocationReason.KEY_COMPROMISE),
        Revoked(at=START, reason=RevocationReason.KEY_COMPROMISE, compromised_since=START),
    ]
)
serials = st.one_of(
    st.integers(ISSUED_SERIAL_MIN, (1 << 159) - 1),
    st.integers(1, 9),
    st.integers(1 << 155, 1 << 157),
).map(SerialNumber)
certificates = st.dictionaries(serials, statuses, max_size=30)


def covers(_serial: SerialNumber) -> bool:
    return True


def rows(found: Statuses) -> Roll:
    return gather(listed_rows(found))


@given(certificates, certificates)
def test_a_roll_that_is_revised_equals_one_from_rows(before: Statuses, changed: Statuses) -> None:
    changes = [
        ChangedCertificate(serial=serial, status=status, was_held=False)
        for serial, status in changed.items()
    ]
    revised = rows(before).revised(changes_of(changes, covers))
    whole = rows({**before, **changed})
    assert revised == whole
    joined = b"".join(piece.octets for piece in whole.pieces())
    assert roll_of(joined) == whole
    assert whole.octets == len(joined)
    assert whole.entries == len(read_entries(joined))


def test_buckets_that_stayed_the_same_are_not_kept_twice() -> None:
    one, other = SerialNumber(0x21 << 152), SerialNumber(0x55 << 152)
    held = rows({one: OnHold(since=START), other: OnHold(since=START)})
    revoked = Revoked(at=START, reason=None)
    found = gather(listed_rows({one: OnHold(since=START), other: revoked}), held)
    assert found.buckets[0x21] is held.buckets[0x21]
    assert found.buckets[0x55] != held.buckets[0x55]


@given(certificates, certificates)
def test_a_crl_is_read_the_same_beside_any_other_entries(one: Statuses, other: Statuses) -> None:
    entries = b"".join(piece.octets for piece in rows(one).pieces())
    framed, near = b"head" + entries + b"tail", rows({**one, **other})
    read = roll_of(framed, slice(4, 4 + len(entries)), near)
    assert read == rows(one)
    same = [key for key, bucket in near.buckets.items() if read.buckets.get(key) == bucket]
    assert all(read.buckets[key] is near.buckets[key] for key in same)


@given(certificates, certificates)
def test_what_two_buckets_differ_in_is_all_that_changed(one: Statuses, other: Statuses) -> None:
    """As if every entry of both were read, in buckets that share most of what they hold."""
    for changed in ({**one, **other}, {key: one[key] for key in one if key not in other}):
        before, after = rows(one), rows(changed)
        for key in before.buckets.keys() & after.buckets.keys():
            old, new = before.buckets[key], after.buckets[key]
            removed, added = map(read_entries, difference(old, new))
            whole, next_whole = read_entries(old.octets), read_entries(new.octets)
            same = whole.items() & next_whole.items()
            assert removed.items() >= whole.items() - same
            assert added.items() >= next_whole.items() - same
            assert removed.items() & same == added.items() & same


def test_buckets_out_of_order_are_no_crl() -> None:
    one, other = (encode_entry(SerialNumber(key << 152), START, None) for key in (0x21, 0x55))
    near = roll_of(one + other)
    for octets in (other + one, one + other + one):
        for known in (near, None):
            with pytest.raises(Malformed):
                roll_of(octets, near=known)


ENTRY = encode_entry(A, START, None)


@pytest.mark.parametrize(
    "octets",
    [ENTRY + ENTRY, ENTRY[:-1], ENTRY + b"\x30", b"\x31" + ENTRY[1:], b"\x30\x80" + ENTRY[2:]],
    ids=["twice", "cut off", "cut off at once", "another tag", "another length"],
)
def test_what_was_never_written_here_is_not_walked(octets: bytes) -> None:
    with pytest.raises(Malformed):
        list(walk(octets))


class Kept:
    def __init__(self) -> None:
        self.store = FakeStore(FakeClock())
        self.crls = FakeCrlStore(self.store)
        self.service = CrlService(
            CrlIssuer.of(ISSUER, CA.certificate),
            PlainSigner(CA.key),
            self.crls,
            verify=verify_signature,
            clock=self.store.clock,
            policy=CrlPolicy(),
        )

    async def listed(self, *, from_rows: bool) -> set[int]:
        crl = (await self.service.publish_next(from_rows=from_rows)).whole
        return set(read_crl(crl.der).entries)


async def test_a_change_is_taken_over_without_reading_every_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Kept()
    kept.store.change(A, OnHold(since=START))
    kept.store.change(B, OnHold(since=START))
    assert await kept.listed(from_rows=False) == {A.value, B.value}
    monkeypatch.delattr("fakes.status.FakeSnapshot.listed_rows")
    kept.store.change(C, Revoked(at=START, reason=None))
    kept.store.change(A, Good())
    assert await kept.listed(from_rows=False) == {B.value, C.value}
    assert await kept.listed(from_rows=False) == {B.value, C.value}


async def test_entries_that_went_astray_are_told_and_the_store_is_right(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept()
    await kept.listed(from_rows=True)
    kept.store.statuses[A] = OnHold(since=START)  # no journal entry told of it
    assert await kept.listed(from_rows=False) == set()
    with caplog.at_level(logging.ERROR, "crl.collect"):
        assert await kept.listed(from_rows=True) == {A.value}
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    caplog.clear()
    assert await kept.listed(from_rows=True) == {A.value}
    assert not caplog.records


async def test_what_another_builder_published_is_followed() -> None:
    kept, other = Kept(), Kept()
    other.service._store = kept.crls
    other.store = kept.store
    kept.store.change(A, Revoked(at=START, reason=None))
    await kept.listed(from_rows=False)
    kept.store.change(B, OnHold(since=START))
    assert await other.listed(from_rows=False) == {A.value, B.value}
    kept.store.change(B, Good())
    assert await kept.listed(from_rows=False) == {A.value}
    assert [crl.number for crl in kept.crls.published] == [1, 2, 3]
