from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca.validity import Period, Window, whole_seconds, window, within_issuer
from pki.domain.errors import Refused
from pki.domain.reasons import RefusalReason

SECOND = timedelta(seconds=1)
THREE = Period(years=3)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-22T10:30:15", "2029-11-22T10:30:15"),
        ("2028-02-29T23:59:59", "2031-02-28T23:59:59"),
        ("2025-02-28T00:00:00", "2028-02-28T00:00:00"),
        ("2025-03-01T00:00:00", "2028-03-01T00:00:00"),
        ("2047-01-01T00:00:00", "2050-01-01T00:00:00"),
    ],
)
def test_three_years_end_on_the_same_day_and_time(start: str, end: str) -> None:
    assert THREE.after(at(start)) == at(end)


def test_leap_day_stays_where_the_year_has_one_and_centuries_have_none() -> None:
    assert Period(years=4).after(at("2028-02-29T12:00:00")) == at("2032-02-29T12:00:00")
    assert Period(years=4).after(at("2096-02-29T12:00:00")) == at("2100-02-28T12:00:00")


@given(st.timedeltas(timedelta(0), timedelta(days=300_000)))
def test_a_card_never_lives_longer_than_three_calendar_years(since: timedelta) -> None:
    start = at("2000-01-01T00:00:00") + since
    end = THREE.after(start)
    assert timedelta(days=1094) < end - start <= timedelta(days=1096)
    assert end.timetz() == start.timetz()
    assert end.year == start.year + 3


def test_fractions_are_cut_off_and_other_zones_become_utc() -> None:
    moment = datetime(2026, 1, 1, 1, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert whole_seconds(moment) == at("2026-01-01T00:00:00")
    made = window(now=moment, period=THREE, backdate_seconds=60)
    assert made.not_before == at("2025-12-31T23:59:00")
    assert made.not_after == at("2028-12-31T23:59:00")


@pytest.mark.parametrize(
    ("left", "allowed"), [(-SECOND, False), (0 * SECOND, True), (SECOND, True)]
)
def test_issuing_stops_when_less_than_a_whole_life_is_left(left: timedelta, allowed: bool) -> None:
    wanted = window(now=at("2026-01-01T00:00:00"), period=THREE, backdate_seconds=0)
    issuer = Window(not_before=at("2020-01-01T00:00:00"), not_after=wanted.not_after + left)
    if allowed:
        assert within_issuer(wanted, issuer=issuer, may_shorten=False) == wanted
        return
    with pytest.raises(Refused) as refused:
        within_issuer(wanted, issuer=issuer, may_shorten=False)
    assert refused.value.reason is RefusalReason.ISSUING_STOPPED
    shortened = within_issuer(wanted, issuer=issuer, may_shorten=True)
    assert shortened == Window(not_before=wanted.not_before, not_after=issuer.not_after)


@pytest.mark.parametrize("now", ["2019-12-31T23:59:59", "2030-01-01T00:00:01"])
def test_an_issuer_that_is_not_valid_now_signs_nothing(now: str) -> None:
    issuer = Window(not_before=at("2020-01-01T00:00:00"), not_after=at("2030-01-01T00:00:00"))
    wanted = window(now=at(now), period=Period(days=1), backdate_seconds=0)
    with pytest.raises(Refused):
        within_issuer(wanted, issuer=issuer, may_shorten=True)
