"""Which CRL may follow which: good cases and bad."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crl.roll import roll_of
from crl.succession import Shown, SuccessionRule, findings
from fakes.status import START
from pki.der.crl import Entry, encode_entry
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason as R

LATER: Final = START + timedelta(hours=1)


def crl(number: int, entries: dict[int, Entry] | None = None, at: datetime = START) -> Shown:
    listed = sorted((entries or {}).items())
    encoded = [encode_entry(SerialNumber(serial), *entry) for serial, entry in listed]
    return Shown(
        issuer_der=b"name",
        authority_key_id=b"key",
        distribution_point=None,
        number=number,
        this_update=at,
        next_update=at + timedelta(hours=48),
        roll=roll_of(b"".join(encoded)),
    )


HOLD: Final[Entry] = (START, R.CERTIFICATE_HOLD)

GOOD_STEPS: Final[dict[str, tuple[Entry | None, Entry | None]]] = {
    "nothing listed": (None, None),
    "blocked": (None, HOLD),
    "still blocked": (HOLD, HOLD),
    "lifted": (HOLD, None),
    "lifted and blocked again": (HOLD, (LATER, R.CERTIFICATE_HOLD)),
    "blocked, then revoked with the block's date": (HOLD, (START, R.SUPERSEDED)),
    "lifted, then revoked later": (HOLD, (LATER, None)),
    "still revoked": ((START, None), (START, None)),
    "compromise came to light": ((START, R.SUPERSEDED), (START, R.KEY_COMPROMISE)),
}

BAD_STEPS: Final[dict[str, tuple[Entry, Entry | None, SuccessionRule]]] = {
    "revoked and gone": ((START, None), None, SuccessionRule.LOST),
    "revoked and released": ((START, R.SUPERSEDED), HOLD, SuccessionRule.RELEASED),
    "date moved": ((START, None), (LATER, None), SuccessionRule.DATE),
    "hold moved back": ((LATER, R.CERTIFICATE_HOLD), HOLD, SuccessionRule.DATE),
    "revoked before its hold": ((LATER, R.CERTIFICATE_HOLD), (START, None), SuccessionRule.DATE),
    "reason exchanged": ((START, None), (START, R.SUPERSEDED), SuccessionRule.REASON),
    "reason forgotten": ((START, R.KEY_COMPROMISE), (START, None), SuccessionRule.REASON),
}


def entries(entry: Entry | None) -> dict[int, Entry]:
    return {} if entry is None else {7: entry}


@pytest.mark.parametrize("step", GOOD_STEPS)
def test_what_may_follow(step: str) -> None:
    before, after = GOOD_STEPS[step]
    assert findings(crl(1, entries(before)), crl(2, entries(after), LATER)) == ()


@pytest.mark.parametrize("step", BAD_STEPS)
def test_what_may_not_follow(step: str) -> None:
    before, after, rule = BAD_STEPS[step]
    (found,) = findings(crl(1, entries(before)), crl(2, entries(after), LATER))
    assert (found.rule, found.serial) == (rule, 7)
    assert str(found).startswith(f"{rule.name.lower()}: ")


@pytest.mark.parametrize(
    ("following", "rule"),
    [
        (crl(1), SuccessionRule.NUMBER),
        (crl(0), SuccessionRule.NUMBER),
        (crl(2, at=START - timedelta(seconds=1)), SuccessionRule.TIME),
        (replace(crl(2), next_update=START), SuccessionRule.TIME),
        (replace(crl(2), issuer_der=b"other"), SuccessionRule.ISSUER),
        (replace(crl(2), authority_key_id=b"other"), SuccessionRule.ISSUER),
        (replace(crl(2), distribution_point="http://x"), SuccessionRule.SCOPE),
    ],
)
def test_what_is_wrong_with_the_whole(following: Shown, rule: SuccessionRule) -> None:
    assert [found.rule for found in findings(crl(1), following)] == [rule]


def test_the_same_time_may_be_kept() -> None:
    assert findings(crl(1), crl(2)) == ()


def test_an_older_crl_is_refused_for_all_its_faults() -> None:
    older, newer = crl(1), crl(2, entries((START, None)), LATER)
    rules = {found.rule for found in findings(newer, older)}
    assert rules == {SuccessionRule.NUMBER, SuccessionRule.TIME, SuccessionRule.LOST}


ENTRIES = st.dictionaries(
    st.integers(1, 4),
    st.tuples(st.sampled_from([START, LATER]), st.sampled_from([None, *R])),
)


@given(ENTRIES, ENTRIES)
def test_revoking_is_final(before: dict[int, Entry], after: dict[int, Entry]) -> None:
    if findings(crl(1, before), crl(2, after)):
        return
    for serial, (date, reason) in before.items():
        if reason is not R.CERTIFICATE_HOLD:
            assert after[serial][0] == date
            assert after[serial][1] in {reason, R.KEY_COMPROMISE}
            assert after[serial][1] is not R.CERTIFICATE_HOLD
