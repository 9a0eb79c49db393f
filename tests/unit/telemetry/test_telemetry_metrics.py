"""Metrics: a closed list of names, readable by Prometheus, and no source can spoil the rest."""

import re
from collections.abc import Iterable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pki.telemetry.metric_names import COUNTERS, GAUGES, HISTOGRAMS
from pki.telemetry.metrics import Metrics, Reading

DIRECTORY = {"replica": "directory"}
ISSUED = "zorgid_certificates_issued_total"


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.expose().decode())
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value
        for family in families
        for each in family.samples
    }


class Readings:
    def __init__(self, *readings: Reading) -> None:
        self._readings = readings

    def readings(self) -> Iterable[Reading]:
        return iter(self._readings)


class Broken:
    def readings(self) -> Iterable[Reading]:
        yield Reading(name="zorgid_journal_position", value=99)
        raise OSError("gone")


def test_counters_count_by_label() -> None:
    metrics = Metrics()
    metrics.count(ISSUED, {"profile": "card"})
    metrics.count(ISSUED, {"profile": "card"}, by=2)
    metrics.count(ISSUED, {"profile": "responder"})
    found = samples(metrics)
    assert found[ISSUED, (("profile", "card"),)] == 3
    assert found[ISSUED, (("profile", "responder"),)] == 1


def test_a_source_is_read_at_every_scrape_and_adds_to_what_was_counted() -> None:
    metrics = Metrics()
    metrics.count("zorgid_ldap_changes_total", DIRECTORY, by=1)
    metrics.add_source(
        "ldap",
        Readings(
            Reading(name="zorgid_ldap_changes_total", value=4, labels=DIRECTORY),
            Reading(name="zorgid_crl_entries", value=60, labels={"issuer": "token-ca-g1"}),
        ),
    )
    for _ in range(2):
        found = samples(metrics)
        assert found["zorgid_ldap_changes_total", tuple(DIRECTORY.items())] == 5
        assert found["zorgid_crl_entries", (("issuer", "token-ca-g1"),)] == 60
        assert found["zorgid_source_up", (("source", "ldap"),)] == 1


def test_a_broken_source_is_down_and_the_others_show() -> None:
    metrics = Metrics()
    metrics.add_source("store", Broken())
    metrics.add_source("wrong", Readings(Reading(name="zorgid_unknown", value=1)))
    metrics.add_source("crl", Readings(Reading(name="zorgid_ocsp_cache_entries", value=5)))
    found = samples(metrics)
    assert found["zorgid_source_up", (("source", "store"),)] == 0
    assert found["zorgid_source_up", (("source", "wrong"),)] == 0
    assert found["zorgid_ocsp_cache_entries", ()] == 5
    assert ("zorgid_journal_position", ()) not in found


def test_durations_fall_into_buckets() -> None:
    metrics = Metrics()
    metrics.observe("zorgid_sign_duration_seconds", 0.002, {"key": "token-ca"})
    metrics.observe("zorgid_ocsp_duration_seconds", 0.002)
    found = samples(metrics)
    below = (("key", "token-ca"), ("le", "0.005"))
    assert found["zorgid_sign_duration_seconds_bucket", below] == 1
    assert found["zorgid_ocsp_duration_seconds_count", ()] == 1


def test_unknown_names_and_labels_are_refused_at_once() -> None:
    metrics = Metrics()
    with pytest.raises(KeyError):
        metrics.count("zorgid_surprise_total")
    with pytest.raises(KeyError):
        metrics.count(ISSUED)
    with pytest.raises(KeyError):
        metrics.count(ISSUED, {"profile": "card", "uzi_number": "900021219"})
    with pytest.raises(KeyError):
        metrics.observe("zorgid_sign_duration_seconds", 1)
    with pytest.raises(ValueError, match="grows"):
        metrics.count("zorgid_ldap_changes_total", DIRECTORY, by=-1)


def test_two_registries_do_not_meet() -> None:
    first, second = Metrics(), Metrics()
    first.count("zorgid_ldap_changes_total", DIRECTORY)
    assert ("zorgid_ldap_changes_total", tuple(DIRECTORY.items())) not in samples(second)


def test_names_follow_prometheus_habits_and_no_label_names_a_person() -> None:
    for name in (*COUNTERS, *GAUGES, *HISTOGRAMS):
        assert re.fullmatch(r"zorgid_[a-z0-9_]+", name)
    assert all(name.endswith("_total") for name in COUNTERS)
    assert not any(name.endswith("_total") for name in (*GAUGES, *HISTOGRAMS))
    assert all(name.endswith("_seconds") for name in HISTOGRAMS)
    labels = {
        label
        for each in (COUNTERS, GAUGES, HISTOGRAMS)
        for d in each.values()
        for label in d.labels
    }
    assert labels.isdisjoint({"serial", "uzi_number", "person", "card", "ura", "name"})
