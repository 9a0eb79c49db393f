"""Alert rules and dashboard name metrics that there are, and Prometheus' own tool reads them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from links import leads_somewhere
from pki.telemetry.metric_names import COUNTERS, GAUGES, HISTOGRAMS

pytestmark = pytest.mark.promtool

ROOT: Final = Path(__file__).resolve().parents[2]
RULES: Final = ROOT / "deploy/prometheus/zorgid.rules.yml"
DASHBOARD: Final = ROOT / "deploy/grafana/zorgid.json"
SOURCES: Final = ("pki", "server", "crl", "ocsp", "ldap_publish", "issuance", "ca")
NAME: Final = re.compile(r"zorgid_[a-z_]+")
ALL: Final = COUNTERS.keys() | GAUGES.keys() | HISTOGRAMS.keys()


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel.get("targets", ())]


def given() -> set[str]:
    """Metrics that some code gives a value to."""
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    text = "".join(each.read_text("utf-8") for each in files if each.stem != "metric_names")
    return set(NAME.findall(text)) & ALL


def test_each_metric_has_a_value_somewhere() -> None:
    assert ALL - given() == set()


def promtool(*words: str | Path) -> str:
    done = subprocess.run(("promtool", *words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("path", [RULES, DASHBOARD], ids=["rules", "dashboard"])
def test_each_metric_is_there(path: Path) -> None:
    asked = {name.removesuffix("_bucket") for name in NAME.findall(path.read_text("utf-8"))}
    assert asked <= given()


def test_promtool_reads_the_rules() -> None:
    assert re.search(r"SUCCESS: [0-9]+ rules found", promtool("check", "rules", RULES))


def test_promtool_reads_what_the_dashboard_asks(tmp_path: Path) -> None:
    asked = [each.replace("$__rate_interval", "5m") for each in expressions()]
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(asked)]
    path = tmp_path / "dashboard.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")
    assert f"{len(asked)} rules found" in promtool("check", "rules", path)


def test_no_panel_of_the_dashboard_lies_over_another_or_asks_nothing() -> None:
    places = set()
    for panel in panels():
        at = panel["gridPos"]
        assert panel["type"] == "row" or panel["targets"], panel["title"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert x in range(24), panel["title"]
                assert (x, y) not in places, panel["title"]
                places.add((x, y))
    assert len({panel["id"] for panel in panels()}) == len(panels())


def series(name: str, values: str) -> dict[str, str]:
    return {"series": name, "values": values}


def alerts() -> dict[str, str]:
    """The text of each, by its name."""
    _, *found = RULES.read_text("utf-8").split("- alert: ")
    return {each.split()[0]: each for each in found}


def test_each_alert_is_tried_below() -> None:
    assert sorted(alerts()) == sorted({*CASES, "ZorgidOcspSlow"})


@pytest.mark.parametrize("alert", alerts().values(), ids=alerts())
def test_each_alert_says_what_to_do_and_where_more_stands(alert: str) -> None:
    (runbook,) = re.findall(r'^ {10}runbook: "(docs/[^"]+)"$', alert, re.MULTILINE)
    assert leads_somewhere(runbook)
    assert alert.count("          next: ") == alert.count("          summary: ") == 1
    assert re.search(r"^ {8}labels: \{severity: (page|ticket)\}$", alert, re.MULTILINE)


def test_a_crl_made_here_is_not_taken_for_one_of_a_ceremony(tmp_path: Path) -> None:
    firing = 'count(ALERTS{alertname="ZorgidCeremonyCrlEnds"}) or vector(0)'
    name = 'zorgid_crl_next_update_timestamp_seconds{issuer="g1"}'
    shown = [series(name, "172800x99"), series('zorgid_crl_late{issuer="g1"}', "0x99")]
    asked = {"expr": firing, "eval_time": "80m", "exp_samples": [{"labels": "{}", "value": 0}]}
    group = {"interval": "1m", "input_series": shown, "promql_expr_test": [asked]}
    path = tmp_path / "made-here.yml"
    path.write_text(json.dumps({"rule_files": [str(RULES)], "tests": [group]}), "utf-8")
    assert "SUCCESS" in promtool("test", "rules", path)


SLOW: Final = {
    "slow": [("0.5", "0+80x99"), ("1.0", "0+99x99"), ("+Inf", "0+99x99")],
    "quick": [("0.5", "0+999x99"), ("1.0", "0+999x99"), ("+Inf", "0+1000x99")],
}


@pytest.mark.parametrize(("how", "fires"), [("slow", 1), ("quick", 0)])
def test_an_alert_comes_of_answers_that_are_slow(how: str, fires: int, tmp_path: Path) -> None:
    name = 'zorgid_ocsp_duration_seconds_bucket{{instance="a",le="{}"}}'
    buckets = [series(name.format(le), values) for le, values in SLOW[how]]
    firing = 'count(ALERTS{alertname="ZorgidOcspSlow",alertstate="firing"}) or vector(0)'
    asked = {
        "expr": firing,
        "eval_time": "80m",
        "exp_samples": [{"labels": "{}", "value": fires}],
    }
    group = {"interval": "1m", "input_series": buckets, "promql_expr_test": [asked]}
    path = tmp_path / "slow.yml"
    path.write_text(json.dumps({"rule_files": [str(RULES)], "tests": [group]}), "utf-8")
    assert "SUCCESS" in promtool("test", "rules", path)


CASES: Final = {
    "ZorgidWorkersCrash": (
        'zorgid_worker_changes_total{outcome="crashed",instance="a"}',
        "0+1x99",
        "2x99",
    ),
    "ZorgidSourceFails": ('zorgid_source_up{source="ca"}', "0x9", "1x9"),
    "ZorgidCeremonyCrlEnds": (
        'zorgid_crl_next_update_timestamp_seconds{issuer="root"}',
        "1000x99",
        "9e6x99",
    ),
    "ZorgidCrlSinkDown": ('zorgid_crl_sink_up{sink="folder"}', "0x99", "1x99"),
    "ZorgidCheckpointSinkDown": ('zorgid_checkpoint_sink_up{sink="folder"}', "0x99", "1x99"),
    "ZorgidCheckpointOld": (
        "zorgid_journal_checkpoint_timestamp_seconds",
        "-7000x99",
        "0x99",
    ),
    "ZorgidCaEnds": (
        'zorgid_ca_certificate_expiry_timestamp_seconds{issuer="g1"}',
        "1000x99",
        "9e6x99",
    ),
    "ZorgidEvidenceEnds": (
        "zorgid_evidence_certificate_expiry_timestamp_seconds",
        "1000x99",
        "9e6x99",
    ),
    "ZorgidHeldTooLong": ("zorgid_cards_held_too_long", "1x99", "0x99"),
    "ZorgidLdapDown": ('zorgid_ldap_connected{replica="a"}', "0x9", "1x9"),
    "ZorgidLdapRefuses": ('zorgid_ldap_set_aside{replica="a"}', "1x9", "0x9"),
    "ZorgidChangeNotShown": (
        'zorgid_changes_awaited_oldest_seconds{sink="ocsp"}',
        "100x9",
        "50x9",
    ),
    "ZorgidViewsDisagree": ('zorgid_view_disagreements{view="crl"}', "1x9", "0x9"),
    "ZorgidViewNotSeen": ('zorgid_view_seen{view="ldap"}', "0x99", "1x99"),
    "ZorgidSignaturesFail": (
        'zorgid_signature_errors_total{key="g1",error="signer-unavailable"}',
        "_x77 1x99",
        "3x99",
    ),
    "ZorgidLintFinds": ('zorgid_lint_findings_total{severity="error"}', "0x75 2x99", "2x99"),
    "ZorgidLdapOutbox": ('zorgid_ldap_outbox_pending{replica="a"}', "5000x99", "20x99"),
    "ZorgidManyCardsEnd": ('zorgid_certificates_expiring{within_days="30"}', "101x99", "100x99"),
    "ZorgidConnectionsTurnedAway": (
        'zorgid_status_connections_total{outcome="turned_away"}',
        "0+9x99",
        "9x99",
    ),
    "ZorgidNoticesWait": ("zorgid_notice_waiting_seconds", "4000x99", "3000x99"),
    "ZorgidNoticeUnknown": (
        'zorgid_notice_messages_total{outcome="unclear"}',
        "_x77 1x99",
        "3x99",
    ),
    "ZorgidTaskNotRun": ('zorgid_lease_held{task="crls",instance="a"}', "0x9", "1x9"),
    "ZorgidClockWrong": ('zorgid_clock_right{instance="a"}', "0x9", "1x9"),
    "ZorgidNodesDiffer": ('zorgid_nodes_that_differ{instance="a"}', "2x9", "0x9"),
    "ZorgidDown": ('up{job="zorgid",instance="a"}', "1 0x9", "1x9"),
    "ZorgidStoreNotSeen": ('zorgid_store_contact_age_seconds{role="reader"}', "3x9", "0.2x9"),
    "ZorgidCrlLate": ('zorgid_crl_late{issuer="g1"}', "1x9", "0x9"),
    "ZorgidCrlEnds": ('zorgid_crl_next_update_timestamp_seconds{issuer="g1"}', "80000x9", "9e6x9"),
    "ZorgidChainBroken": ("zorgid_audit_chain_ok", "1 0x9", "1x9"),
    "ZorgidCrlFails": ('zorgid_crl_failures_total{issuer="g1"}', "0+1x9", "2x9"),
    "ZorgidLdapBehind": ('zorgid_ldap_outbox_oldest_seconds{replica="a"}', "90x9", "20x9"),
    "ZorgidHsmFails": (
        'zorgid_hsm_errors_total{module="m",error="device"}',
        "0+1x9",
        "4x9",
    ),
    "ZorgidOcspCannotAnswer": ('zorgid_ocsp_errors_total{error="try_later"}', "0+5x9", "5x9"),
    "ZorgidResponderEnds": (
        'zorgid_ocsp_responder_expiry_timestamp_seconds{issuer="g1"}',
        "1000x99",
        "9e6x99",
    ),
}


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_comes_when_it_should_and_only_then(alert: str, tmp_path: Path) -> None:
    name, bad, good = CASES[alert]
    fires = tmp_path / "fires.yml"
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    groups = [
        {
            "interval": "1m",
            "input_series": [series(name, values)],
            "promql_expr_test": [
                {
                    "expr": firing,
                    "eval_time": "80m" if "99" in values else "8m",
                    "exp_samples": [{"labels": "{}", "value": expected}],
                }
            ],
        }
        for values, expected in ((bad, 1), (good, 0))
    ]
    fires.write_text(json.dumps({"rule_files": [str(RULES)], "tests": groups}), "utf-8")
    assert "SUCCESS" in promtool("test", "rules", fires)
