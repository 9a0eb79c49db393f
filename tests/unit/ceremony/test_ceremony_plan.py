"""A plan is checked whole when it is read; the shipped ones are in order."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ca.ceremony.outputs import Role, outputs
from ca.ceremony.plan import Plan, PlanKind
from ca.ceremony.reading import manifest_digest, read_plan
from ca.ceremony.steps import Action, steps_of
from pki.domain.errors import ConfigurationInvalid

SHIPPED = sorted((Path(__file__).parents[3] / "config" / "ceremony").glob("*.toml"))
ROOT = (SHIPPED[0].parent / "root.toml").read_text()


def _read(text: str, *, practice: bool = False) -> Plan:
    return read_plan(text.encode(), practice=practice)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_plans_are_in_order(path: Path) -> None:
    plan = _read(path.read_text())
    steps = steps_of(plan)
    assert plan.practice
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert steps[-1].action is Action.CLOSE
    assert all(step.does and step.minutes for step in steps)


def test_every_kind_has_a_shipped_plan() -> None:
    assert {_read(path.read_text()).kind for path in SHIPPED} == set(PlanKind)


def _with(old: str, new: str) -> str:
    assert old in ROOT
    return ROOT.replace(old, new)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("format = 1 [", "file"),
        (_with("format = 1", "format = 2"), "format"),
        (_with("format = 1", "format = 1\nextra = 1"), "extra"),
        (_with('oid_arc = "2.999.1"', 'oid_arc = "2.999.1"\nextra = "x"'), "ca.extra"),
        (_with('kind = "root"', 'kind = "key"'), "kind"),
        (_with("end = 2027-01-12", "end = 2027-01-11"), "window"),
        (_with("end = 2027-01-12", "end = 2027-02-12"), "window"),
        (_with("T08:00:00Z", "T08:00:00"), "file"),
        (_with('"A. de Vries", "B. Jansen"', '"A. de Vries", "A. de Vries"'), "people.operators"),
        (_with('"A. de Vries", "B. Jansen"', '"A. de Vries"'), "people.operators"),
        (_with('name = "W. Visser"', 'name = "B. Jansen"'), "people.witnesses"),
        (_with("witnesses_needed = 2", "witnesses_needed = 4"), "people.witnesses_needed"),
        (_with("threshold = 3", "threshold = 6"), "key.threshold"),
        (_with("threshold = 3", "threshold = 1"), "key.threshold"),
        (_with('"I. Kuiper"', '"H. Bakker"'), "key.holders"),
        (_with('folder = "root-g1"', 'folder = "../root-g1"'), "folder"),
        (_with('folder = "root-g1"', 'folder = "root-g1"\npractice = true'), "file"),
        (_with('folder = "root-g1"', 'folder = "root-g1"\nkeys = "pkcs11"'), "token"),
        (_with("number = 1", "number = 2"), "crl.previous"),
        (_with("days = 182", "days = 182\nrevoked = []\nextra = 1"), "crl.extra"),
        (_with("PRACTICE ZORG-ID", "Zorg <b>"), ""),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused_with_its_key(text: str, key: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        _read(text)
    assert refused.value.key.startswith(f"plan.{key}" if key else "ca.operator")


def test_practice_stamps_names_files_and_digest() -> None:
    real = _with('installation = "practice"', 'installation = "production"')
    real = real.replace("PRACTICE ZORG-ID", "ZORG-ID").replace("2.999.1", "1.3.6.1.4.1.99999.1")
    plan, practised = _read(real), _read(real, practice=True)
    assert (plan.practice, plan.ca.operator) == (False, "ZORG-ID")
    assert practised.ca.operator == "TEST PRACTICE ZORG-ID"
    assert outputs(plan)[Role.KEY] == "zorg-id-root-ca.key.pem"
    assert set(outputs(practised).values()) == {f"TEST-{each}" for each in outputs(plan).values()}
    assert manifest_digest(plan, {}) != manifest_digest(practised, {})


def test_the_digest_covers_the_plans_every_byte_and_the_profiles() -> None:
    plan = _read(ROOT)
    assert re.fullmatch("[0-9a-f]{64}", plan.sha256)
    digests = {
        manifest_digest(plan, {"root": "a"}),
        manifest_digest(plan, {"root": "b"}),
        manifest_digest(_read(ROOT + "\n"), {"root": "a"}),
        manifest_digest(replace(plan, practice=False), {"root": "a"}),
    }
    assert len(digests) == 4


CRL = (SHIPPED[0].parent / "root-crl.toml").read_text()
ENTRY = CRL[CRL.index("[[crl.revoked]]") :]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{CRL}\n{ENTRY}", "listed twice"),
        (CRL.replace("at = 2027-01-11", "at = 2027-01-13"), "not after"),
        (CRL.replace("CESSATION_OF_OPERATION", "BOREDOM"), "a reason is one of"),
        (CRL.replace("\nprevious = ", "\n# previous = "), "go together"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=why):
        _read(text)
