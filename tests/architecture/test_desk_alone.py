"""The desk runs with what its lock file names, and with nothing else of this environment."""

import importlib.util
import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OURS = canonicalize_name("zorgid-token-ca")
ALONE = """
import importlib, importlib.abc, json, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"{name} is none of the desk's", name=name)

absent, modules, words = json.loads(sys.stdin.read())
sys.meta_path.insert(0, Absent())
for name in modules:
    importlib.import_module(name)
from server.cli import run
sys.exit(run(words))
"""


def absent() -> list[str]:
    """Modules of this environment that come of no distribution in the desk's lock."""
    lock = (ROOT / "config" / "lock" / "card.txt").read_text()
    desk = {
        canonicalize_name(each) for each in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)
    }
    found = packages_distributions().items()
    return [name for name, of in found if not {*map(canonicalize_name, of)} & (desk | {OURS})]


def modules() -> list[str]:
    """All of the card writer's, and the commands over it; a reader's need pyscard."""
    paths = [*(ROOT / "card_writer").rglob("*.py"), *(ROOT / "server" / "card").rglob("*.py")]
    names = [".".join(each.relative_to(ROOT).with_suffix("").parts) for each in sorted(paths)]
    pyscard = importlib.util.find_spec("smartcard") is not None
    of_readers = {"card_writer.readers.connection", "card_writer.readers.watch"}
    return [
        name
        for name in (each.removesuffix(".__init__") for each in names)
        if name != "card_writer.pkcs11.child" and (pyscard or name not in of_readers)
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["card", "--help"], 0, "change-pin"),
        (["card", "status", "--config", "missing.toml"], 2, "missing.toml"),
    ],
)
def test_the_desk_runs_with_its_own_packages_alone(words: list[str], code: int, said: str) -> None:
    given = absent()
    assert {"sqlalchemy", "ldap3", "httptools"} <= set(given)
    ran = subprocess.run(
        [sys.executable, "-c", ALONE],
        input=json.dumps([given, modules(), words]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ran.returncode == code, ran.stderr[-2000:]
    assert said in ran.stdout + ran.stderr
