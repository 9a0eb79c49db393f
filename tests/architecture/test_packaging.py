"""What is installed is what is here: packages, lock, wheel, licences."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "config" / "lock"
PACKAGES = ("ca", "ocsp", "crl", "ldap_publish", "issuance", "card_writer", "pki", "server")
RUN_TIME_EXTRAS = ("server", "speed", "postgres", "hsm", "s3", "otel")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)

# What may be shipped to a vendor: permissive, or LGPL and MPL as replaceable libraries.
LICENCES = {
    "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LGPL-3.0-only", "MIT",
    "MIT-0", "MPL-2.0", "PSF-2.0",
}  # fmt: skip
SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License (ISCL)": "ISC",
    "LGPL v3": "LGPL-3.0-only",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _pins(name: str) -> dict[str, str]:
    found = PINNED.findall((LOCK / name).read_text())
    assert found
    return {canonicalize_name(package): version for package, version in found}


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_come_from_this_checkout(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve() == ROOT / name / "__init__.py"
    assert (ROOT / name / "py.typed").exists()


def test_config_is_data() -> None:
    assert not list((ROOT / "config").rglob("*.py"))


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("all.txt", (*RUN_TIME_EXTRAS, "dev")),
        ("server.txt", RUN_TIME_EXTRAS),
        ("card.txt", ("card",)),
    ],
)
def test_lock_satisfies_the_project(lock: str, extras: tuple[str, ...]) -> None:
    project, pins = _project()["project"], _pins(lock)
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted.extend(project["optional-dependencies"][extra])
    for requirement in map(Requirement, wanted):
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier


def test_set_up_lock_satisfies_the_project() -> None:
    pins = _pins("bootstrap.txt")
    project = _project()
    for wanted in (*project["dependency-groups"]["setup"], *project["build-system"]["requires"]):
        requirement = Requirement(wanted)
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("path", sorted(LOCK.glob("*.txt")), ids=lambda path: path.name)
def test_lock_is_hashed_and_names_no_index(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=sha256:)", text, re.MULTILINE)
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in block


def test_locks_agree_with_each_other() -> None:
    everything = _pins("all.txt")
    for lock in ("bootstrap.txt", "card.txt", "server.txt"):
        shared = {name: pin for name, pin in _pins(lock).items() if name in everything}
        assert shared == {name: everything[name] for name in shared}


def _bill(path: Path) -> dict[str, Any]:
    command = [str(Path(sys.executable).parent / "cyclonedx-py"), "requirements"]
    command += [str(LOCK / "server.txt"), "--pyproject", str(ROOT / "pyproject.toml")]
    command += ["--output-reproducible", "--of", "JSON", "-o", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    bill: dict[str, Any] = json.loads(path.read_text())
    return bill


def test_the_bill_of_materials_names_what_is_locked(tmp_path: Path) -> None:
    bill = _bill(tmp_path / "sbom.json")
    assert bill == _bill(tmp_path / "again.json")
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "zorgid-token-ca"
    named = {canonicalize_name(each["name"]): each for each in bill["components"]}
    assert {name: each["version"] for name, each in named.items()} == _pins("server.txt")
    for each in named.values():
        assert each["purl"].startswith("pkg:pypi/")
        (source,) = each["externalReferences"]
        assert {digest["alg"] for digest in source["hashes"]} == {"SHA-256"}


def test_wheel_holds_packages_types_and_data(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    share = "zorgid_token_ca-0.1.0.data/data/share/zorgid-token-ca"
    for package in PACKAGES:
        ours = {
            str(path.relative_to(ROOT))
            for path in (ROOT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert f"{package}/py.typed" in ours
        assert ours <= names
    data = [
        path for path in (ROOT / "config").rglob("*") if path.is_file() and LOCK not in path.parents
    ]
    assert {f"{share}/{path.relative_to(ROOT / 'config')}" for path in data} <= names
    assert not {name for name in names if name.startswith(("tests/", "config/", "bench/"))}


def _closure(name: str, extras: tuple[str, ...]) -> Iterator[str]:
    """The names of all that `name` with `extras` brings along, itself included, with repeats."""
    waiting, seen = [(name, extras)], set[tuple[str, tuple[str, ...]]]()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        yield one[0]
        for text in metadata.requires(one[0]) or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *one[1])):
                waiting.append((requirement.name, tuple(sorted(requirement.extras))))


def _licences(name: str) -> set[str]:
    fields = metadata.metadata(name)
    for expression in fields.get_all("License-Expression") or []:
        return set(re.split(r"\s+(?:AND|OR)\s+", expression))
    classifiers = fields.get_all("Classifier") or []
    found = {each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License ::")}
    stated = found or set(fields.get_all("License") or ["not stated"])
    return {SPELLINGS.get(each, each) for each in stated}


def test_run_time_licences_are_allowed() -> None:
    names = set(_closure("zorgid-token-ca", RUN_TIME_EXTRAS))
    assert {"cryptography", "sqlalchemy", "ldap3", "psycopg-binary"} <= names
    assert not {name: odd for name in names if (odd := _licences(name) - LICENCES)}
