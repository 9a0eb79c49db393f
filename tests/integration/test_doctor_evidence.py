"""The end of the evidence certificate is told before it comes."""

from datetime import datetime, timedelta

from installed.practice import Practice
from pki.der.certificate import read_certificate
from server.examining.keys import examine_evidence
from server.process.gauges import CaGauges
from server.roles.keys import read_certificate_file
from server.settings import load

SECOND = timedelta(seconds=1)


def test_it_is_told_ninety_days_before(practice: Practice) -> None:
    settings = load(practice.config)
    assert settings.evidence is not None
    content = read_certificate(read_certificate_file(settings.evidence.certificate)).content
    begins, ends = content.not_before, content.not_after

    def level(now: datetime) -> str:
        (finding,) = examine_evidence(settings, now)
        assert finding.about == "evidence"
        assert bool(finding.next_step) == (finding.level != "ok")
        return finding.level

    assert [level(now) for now in (begins, ends - timedelta(days=90))] == ["ok", "ok"]
    assert [level(now) for now in (ends - timedelta(days=90) + SECOND, ends)] == ["warning"] * 2
    assert [level(now) for now in (begins - SECOND, ends + SECOND)] == ["problem"] * 2
    without = settings.model_copy(update={"evidence": None})
    assert [each.level for each in examine_evidence(without, begins)] == ["warning"]


def test_it_is_a_metric(practice: Practice) -> None:
    settings = load(practice.config)
    assert settings.evidence is not None
    content = read_certificate(read_certificate_file(settings.evidence.certificate)).content
    name = "zorgid_evidence_certificate_expiry_timestamp_seconds"
    told = {each.name: each.value for each in CaGauges(settings).readings()}
    assert told[name] == content.not_after.timestamp()
    without = settings.model_copy(update={"evidence": None})
    assert name not in {each.name for each in CaGauges(without).readings()}
