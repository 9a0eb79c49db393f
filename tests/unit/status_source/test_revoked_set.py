"""Revocations in memory: what a dictionary would say, in a fraction of its octets."""

import sys
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.records import ListedRow
from pki.domain.status import OnHold, Revoked
from pki.store.columns import to_ticks
from server.status_source.revoked import RevokedSet

MOMENT = datetime(2026, 11, 1, 8, 30, 12, 345678, tzinfo=UTC)

serials = st.one_of(
    st.integers(1, 40).map(lambda number: SerialNumber(number * 4096)),
    st.integers(1, 2**159 - 1).map(SerialNumber),
)
moments = st.timedeltas(timedelta(days=-20_000), timedelta(days=300_000)).map(MOMENT.__add__)
statuses = st.one_of(
    st.builds(OnHold, since=moments),
    st.builds(
        Revoked,
        at=moments,
        reason=st.sampled_from([None, *RevocationReason]),
        compromised_since=st.none() | moments,
    ),
)
steps = st.lists(st.tuples(serials, st.one_of(st.none(), statuses)), max_size=60)


@given(steps)
def test_it_says_what_a_dictionary_says(
    steps: list[tuple[SerialNumber, OnHold | Revoked | None]],
) -> None:
    small, plain = RevokedSet(), dict[SerialNumber, OnHold | Revoked]()
    for serial, status in steps:
        if status is None:
            small.drop(serial)
            plain.pop(serial, None)
        else:
            small.put(serial, status)
            plain[serial] = status
        assert small.get(serial) == status
        assert len(small) == len(plain)
    for serial, _ in steps:
        assert small.get(serial) == plain.get(serial)


def test_less_than_sixty_octets_for_each() -> None:
    chance, count = Random(7), 50_000
    many = RevokedSet()
    for _ in range(count):
        many.put(SerialNumber(chance.randrange(2**156, 2**159)), Revoked(at=MOMENT, reason=None))
    assert len(many) == count
    assert sum(map(sys.getsizeof, many._blocks)) / count < 60


@given(st.dictionaries(serials, statuses, max_size=60))
def test_filled_from_rows_it_is_the_same(wanted: dict[SerialNumber, OnHold | Revoked]) -> None:
    def row(serial: SerialNumber, status: OnHold | Revoked) -> ListedRow:
        if isinstance(status, OnHold):
            return serial.to_bytes(), "hold", to_ticks(status.since), None, None
        reason = None if status.reason is None else status.reason.value
        since = status.compromised_since
        known = None if since is None else to_ticks(since)
        return serial.to_bytes(), "revoked", to_ticks(status.at), reason, known

    filled = RevokedSet(row(*each) for each in sorted(wanted.items(), key=lambda one: one[0].value))
    assert {serial: filled.get(serial) for serial in wanted} == wanted
    assert len(filled) == len(wanted)
