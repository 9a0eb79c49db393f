"""Where published checkpoints stand; a list leads to nothing but checkpoints."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pki.domain.errors import Malformed
from pki.domain.evidence.published import (
    Listed,
    checkpoint_path,
    is_list_of_months,
    moment_of,
    month_bounds,
    month_json,
    month_of,
    month_path,
    months_json,
    read_month,
    read_months,
)

AT = datetime(2026, 11, 22, 16, 39, 0, 7, tzinfo=UTC)
PATH = "journal/checkpoints/2026-11/20261122T163900000007Z.p7m"


def test_a_moment_and_its_path() -> None:
    assert checkpoint_path(AT) == PATH
    assert moment_of(PATH) == AT
    elsewhere = datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert month_of(elsewhere) == "2026-11"
    assert moment_of(checkpoint_path(elsewhere)) == elsewhere


@pytest.mark.parametrize(
    "path",
    [
        PATH.replace("2026-11/", "2026-12/"),
        PATH.replace("p7m", "crl"),
        PATH.removeprefix("journal/"),
        f"/{PATH}",
        PATH.replace("22T", "32T"),
        PATH.replace("0007Z", "000७Z"),
        "journal/checkpoints/index.json",
        "",
    ],
)
def test_any_other_path_is_of_no_moment(path: str) -> None:
    assert moment_of(path) is None


def test_a_month_ends_where_the_next_begins() -> None:
    december = month_bounds("2026-12")
    assert december == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert month_bounds("2026-11")[1] == december[0]
    with pytest.raises(Malformed):
        month_bounds("9999-12")


def test_lists_read_back_in_order_and_each_once() -> None:
    later = Listed(at=AT + timedelta(hours=1), position=9)
    first = Listed(at=AT, position=9)
    month = month_json("2026-11", [later, first, later])
    assert read_month(month) == ("2026-11", [first, later])
    months = months_json(["2027-01", "2026-11", "2027-01"])
    assert read_months(months) == ["2026-11", "2027-01"]
    assert (is_list_of_months(months), is_list_of_months(month)) == (True, False)
    assert month_path("2026-11") == "journal/checkpoints/2026-11/index.json"


def changed(octets: bytes, **members: object) -> bytes:
    return json.dumps(json.loads(octets) | members).encode()


@pytest.mark.parametrize(
    "members",
    [
        {"version": 2},
        {"type": "other"},
        {"month": "../.."},
        {"month": "2026-13"},
        {"month": None},
        {"checkpoints": {}},
        {"checkpoints": ["20261122T163900000007Z"]},
        {"checkpoints": [{"at": "../../etc/passwd", "position": 1}]},
        {"checkpoints": [{"at": "20261222T163900000007Z", "position": 1}]},
        {"checkpoints": [{"at": "20261122T163900000007Z", "position": -1}]},
        {"checkpoints": [{"at": "20261122T163900000007Z", "position": True}]},
        {"checkpoints": [{"at": "20261122T163900000007Z"}]},
    ],
)
def test_a_list_that_leads_elsewhere_is_none(members: dict[str, object]) -> None:
    with pytest.raises(Malformed) as found:
        read_month(changed(month_json("2026-11", [Listed(at=AT, position=1)]), **members))
    assert found.value.next_step


@pytest.mark.parametrize("octets", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"months":[]}'])
def test_what_is_no_list(octets: bytes) -> None:
    with pytest.raises(Malformed):
        is_list_of_months(octets)


@pytest.mark.parametrize("months", ["2026-11", ["2026-00"], [7], ["/2026-11"]])
def test_what_is_no_list_of_months(months: object) -> None:
    with pytest.raises(Malformed):
        read_months(changed(months_json([]), months=months))
