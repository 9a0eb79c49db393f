"""The page of `zorgid top`: what it says, and what it draws attention to."""

from collections.abc import Iterator

import pytest

from pki.domain.errors import Malformed
from pki.telemetry.metrics import Metrics, Reading
from server.top.page import Line, page, span
from server.top.samples import Samples, read_samples
from server.top.screen import drawn

NOW = 1_800_000_000.0
GOOD = "zorgid_ocsp_responses_total", "status", "good", "hash", "sha256", "method", "GET", "cache"
HEALTHY = {
    ("zorgid_ocsp_cache_entries",): 12.0,
    (*GOOD, "hit"): 40.0,
    (*GOOD, "miss"): 10.0,
    ("zorgid_crl_this_update_timestamp_seconds", "issuer", "g1"): NOW - 30,
    ("zorgid_crl_next_update_timestamp_seconds", "issuer", "g1"): NOW + 172_800,
    ("zorgid_crl_entries", "issuer", "g1"): 7.0,
    ("zorgid_crl_late", "issuer", "g1"): 0.0,
    ("zorgid_journal_position",): 40.0,
    ("zorgid_audit_chain_ok",): 1.0,
    ("zorgid_journal_checkpoint_timestamp_seconds",): NOW - 600,
    ("zorgid_changes_awaited", "sink", "ocsp"): 2.0,
    ("zorgid_changes_awaited_oldest_seconds", "sink", "ocsp"): 0.2,
    ("zorgid_changes_awaited", "sink", "crl"): 0.0,
    ("zorgid_changes_awaited_oldest_seconds", "sink", "crl"): 0.0,
    ("zorgid_ldap_connected", "replica", "one"): 1.0,
    ("zorgid_crl_sink_up", "sink", "folder"): 1.0,
    ("zorgid_hsm_pending", "module", "softhsm"): 0.0,
    ("zorgid_store_contact_age_seconds", "role", "reader"): 0.1,
    ("zorgid_ca_certificate_expiry_timestamp_seconds", "issuer", "root"): NOW + 9e8,
}


def in_pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Names and values that stand in turn."""
    return zip(words[::2], words[1::2], strict=True)


class Fixed:
    def __init__(self, values: dict[tuple[str, ...], float]) -> None:
        self.values = values

    def readings(self) -> list[Reading]:
        return [
            Reading(name=name, value=value, labels=dict(in_pairs(labels)))
            for (name, *labels), value in self.values.items()
        ]


def samples(changes: dict[tuple[str, ...], float] | None = None, at: float = NOW) -> Samples:
    metrics = Metrics()
    metrics.add_source("test", Fixed(HEALTHY | (changes or {})))
    return read_samples(metrics.expose().decode(), at=at)


def told(lines: list[Line]) -> str:
    return "\n".join(each.text for each in lines)


def test_a_sound_process_draws_no_attention() -> None:
    lines = page(samples(), None)
    assert not [each for each in lines if each.attention]
    text = told(lines)
    for words in (
        "12 answers kept; hit 40, miss 10",
        "given: good 50",
        "g1: 7 entries, 30.0 s old, ends in 2 d",
        "signed 10 min ago",
        "ocsp: 2 changes to show, the oldest of 0.2 s ago",
        "crl: shows every change",
    ):
        assert words in text
    assert "2027-01-15 08:00:00 UTC" in text


def test_counters_are_told_as_rates() -> None:
    before = samples(at=NOW - 10)
    after = samples(
        {
            (*GOOD, "hit"): 65.0,
            (*GOOD, "miss"): 15.0,
            ("zorgid_ocsp_errors_total", "error", "malformed_request"): 5.0,
            ("zorgid_journal_position",): 43.0,
        }
    )
    lines = page(after, before)
    assert "12 answers kept; hit 2.5/s, miss 0.5/s" in told(lines)
    assert "given: good 3.0/s" in told(lines)
    assert "negative: malformed_request 0.5/s" in told(lines)
    assert "43 entries, 3 new" in told(lines)
    assert not [each for each in lines if each.attention]


@pytest.mark.parametrize(
    ("metric", "value", "says"),
    [
        (("zorgid_crl_late", "issuer", "g1"), 1.0, "LATE"),
        (
            ("zorgid_crl_next_update_timestamp_seconds", "issuer", "g1"),
            NOW + 3600,
            "ends in 60 min",
        ),
        (("zorgid_audit_chain_ok",), 0.0, "DOES NOT HOLD"),
        (("zorgid_journal_checkpoint_timestamp_seconds",), NOW - 9000, "signed 2 h ago"),
        (("zorgid_changes_awaited_oldest_seconds", "sink", "ocsp"), 90.0, "the oldest of 90.0 s"),
        (("zorgid_ldap_connected", "replica", "one"), 0.0, "DOES NOT ANSWER"),
        (("zorgid_ldap_set_aside", "replica", "one"), 2.0, "2 set aside"),
        (("zorgid_crl_sink_up", "sink", "folder"), 0.0, "TAKES NONE"),
        (("zorgid_store_contact_age_seconds", "role", "reader"), 9.0, "9.0 s ago"),
        (("zorgid_cards_held_too_long",), 3.0, "3 blocked for too long"),
        (("zorgid_ca_certificate_expiry_timestamp_seconds", "issuer", "root"), NOW + 9e5, "10 d"),
    ],
)
def test_what_somebody_should_look_at(metric: tuple[str, ...], value: float, says: str) -> None:
    (line,) = [each for each in page(samples({metric: value}), None) if each.attention]
    assert says in line.text


def test_a_module_that_fails_and_answers_put_off_are_seen() -> None:
    before = samples(at=NOW - 10)
    after = samples({("zorgid_ocsp_errors_total", "error", "try_later"): 5.0})
    assert [each.text for each in page(after, before) if each.attention] == [
        "         negative: try_later 0.5/s"
    ]


def test_what_is_not_ready_comes_first() -> None:
    found = read_samples("", at=NOW, failing=("no key",))
    assert [each.text for each in page(found, None)][1:] == ["not ready: no key"]


def test_another_text_is_no_metrics() -> None:
    with pytest.raises(Malformed):
        read_samples("<html>{nothing} here</html>", at=NOW)


def test_it_is_drawn_in_place_and_cut_to_size() -> None:
    lines = [Line(text="x" * 90), Line(text="bad", attention=True), Line(text="below")]
    text = drawn(lines, (80, 4))
    assert text.startswith("\x1b[H" + "x" * 80 + "\x1b[0m\x1b[K\r\n\x1b[1;31mbad\x1b[0m")
    assert text.endswith("below\x1b[0m\x1b[K\x1b[J")


def test_what_finds_no_place_is_counted() -> None:
    lines = [Line(text="one"), Line(text="two", attention=True), Line(text="three")]
    text = drawn(lines, (80, 3))
    assert "\r\n\x1b[1;31m… 2 more lines, 1 of them to be looked at\x1b[0m" in text
    assert "two" not in text
    assert "\x1b[1;31m" not in drawn([lines[0]] * 3, (80, 2))
    assert drawn(lines, (5, 1)).count("\n") == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (119.0, "119.0 s"), (120.0, "2 min"), (7200.0, "2 h"), (172_800.0, "2 d")],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert span(seconds) == text
