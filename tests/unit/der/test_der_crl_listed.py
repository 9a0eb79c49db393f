"""Entries made from columns, octet for octet those that are made one by one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.der.crl import encode_entry, encode_listed
from pki.domain.errors import IntegrityBroken
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import OnHold, Revoked
from status_side.listed_rows import listed_row, listed_rows

MOMENT = datetime(2026, 11, 22, 8, 30, 12, 345678, tzinfo=UTC)
A = SerialNumber(0x21 << 152)
ROW = listed_row(A, Revoked(at=MOMENT, reason=None))

serials = st.one_of(
    st.integers(1, (1 << 159) - 1),
    st.integers(1, 300),
    st.integers((1 << 152) - 2, (1 << 152) + 2),
).map(SerialNumber)
moments = st.one_of(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 -- hypothesis adds the zone
    st.timedeltas(timedelta(0), timedelta(hours=2)).map(MOMENT.__add__),
    st.sampled_from([datetime(1950, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)]),
)
statuses = st.one_of(
    st.builds(OnHold, since=moments),
    st.builds(
        Revoked,
        at=moments,
        reason=st.sampled_from([None, *RevocationReason]),
        compromised_since=st.none() | moments,
    ),
)


def one_by_one(serial: SerialNumber, status: OnHold | Revoked) -> bytes:
    if isinstance(status, OnHold):
        return encode_entry(serial, status.since, RevocationReason.CERTIFICATE_HOLD)
    return encode_entry(serial, status.at, status.reason, status.compromised_since)


@given(st.dictionaries(serials, statuses, max_size=40))
def test_octet_for_octet_and_in_order(listed: dict[SerialNumber, OnHold | Revoked]) -> None:
    runs = list(encode_listed(listed_rows(listed)))
    made = [entry for _, entries in runs for entry in entries]
    assert made == [one_by_one(serial, listed[serial]) for serial in sorted(listed)]
    keys = [key for key, _ in runs]
    assert keys == sorted({serial.to_bytes()[0] for serial in listed})


@pytest.mark.parametrize(
    "row",
    [
        (b"\x21" * 19, *ROW[1:]),
        (b"\x80" + b"\x21" * 19, *ROW[1:]),
        (bytes(20), *ROW[1:]),
        (ROW[0], "good", *ROW[2:]),
        (*ROW[:3], 7, None),
        (ROW[0], "hold", ROW[2], 1, None),
        (*ROW[:2], 1 << 62, None, None),
        (*ROW[:4], 1 << 62),
    ],
    ids=["short", "negative", "zero", "good", "no reason", "hold for", "never", "never valid"],
)
def test_a_row_that_cannot_be_is_not_listed(row: tuple[bytes, str, int, int | None, None]) -> None:
    with pytest.raises(IntegrityBroken):
        list(encode_listed([row]))
