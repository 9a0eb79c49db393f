"""What the documents say to type, typed: in a fresh practice installation, in their order."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from documents import Reader, agrees, examples
from installed.practice import Practice
from installed.program import until
from pki.domain.algorithms import KeyType
from server.demo.cards import EMPLOYEES
from server.demo.stage import write_register
from server.installation import Layout

pytestmark = [pytest.mark.openssl, pytest.mark.curl, pytest.mark.slapd]

WHOLE = (
    "docs/operations.md",
    "docs/status.md",
    "docs/journal.md",
    "docs/ldap.md",
    "docs/emergency.md",
    "docs/notices.md",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An installation after the examples of a document: what each block printed."""

    reader: Reader
    printed: list[str]


@pytest.fixture(scope="module")
def installed(made_practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The README's commands. The stand-in register is what a practice installation lacks."""
    practice = Practice(
        layout=Layout(tmp_path_factory.mktemp("documents") / "zorgid"),
        ports=made_practice.ports,
        register=made_practice.register,
        key_type=KeyType.RSA_2048,
    )
    reader = Reader(practice=practice)
    init, serve, doctor = (each for each in examples("README.md") if each.kind == "sh")
    printed = [reader.run(init)]
    _trust_register(practice, made_practice)
    with reader.serve(serve):
        yield Told(reader=reader, printed=[*printed, reader.run(doctor)])


def _trust_register(practice: Practice, made: Practice) -> None:
    write_register(made.register, practice.layout.root)
    _, section, rest = made.config.read_text("utf-8").partition("\n[uzi]\n")
    with practice.config.open("a", encoding="utf-8") as file:
        file.write(section + rest)


@pytest.fixture(scope="module")
def operated(installed: Told) -> Told:
    """The commands of docs/operations.md; where it says so, an employee makes a card."""
    printed, practice = [], installed.reader.practice
    for each in examples("docs/operations.md"):
        if each.kind == "sh":
            printed.append(installed.reader.run(each))
        elif each.kind == "mark":
            asyncio.run(practice.make_card(EMPLOYEES[0]))
            await_directory(installed.reader)
    return Told(reader=installed.reader, printed=printed)


def await_directory(reader: Reader) -> None:
    """Until the card is in the directory, as docs/status.md looks for it."""
    search = next(each for each in examples("docs/status.md") if "ldapsearch" in each.text)
    script = reader.placed(search.text)
    until(lambda: "dn: uid=" in reader.bash(script).stdout, "the card is in the directory")


def test_readme(installed: Told) -> None:
    made, examined = installed.printed
    assert f"practice installation made in {installed.reader.practice.layout.root}" in made
    assert "examined practice installation" in examined
    assert "PROBLEM" not in examined


def test_operations(operated: Told) -> None:
    assert len(operated.printed) == 7


def test_status(operated: Told) -> None:
    blocks = [each for each in examples("docs/status.md") if each.kind == "sh"]
    printed = [operated.reader.run(each) for each in blocks]
    assert ["card.pem: good" in each for each in printed] == [True, *[False] * 5]


def test_journal(operated: Told) -> None:
    blocks = [each for each in examples("docs/journal.md") if each.kind == "sh"]
    assert [operated.reader.run(each) for each in blocks]


def test_ldap(operated: Told) -> None:
    blocks = [each for each in examples("docs/ldap.md") if each.kind == "sh"]
    *_, written = [operated.reader.run(each) for each in blocks]
    (replica,) = json.loads(written)["result"]["replicas"]
    assert replica["changed"] > replica["examined"] > 0


def test_emergency(operated: Told) -> None:
    blocks = [each for each in examples("docs/emergency.md") if each.kind == "sh"]
    assert [operated.reader.run(each) for each in blocks]
    one_of_two = operated.reader.bash(
        "zorgid revoke --file serials.csv --reason keyCompromise --approval first.p7s"
    )
    assert (one_of_two.returncode, "fewer than two people" in one_of_two.stderr) == (1, True)


def test_notices(installed: Told) -> None:
    blocks = [each for each in examples("docs/notices.md") if each.kind == "sh"]
    shown = [installed.reader.run(each) for each in blocks]
    assert len(shown) == sum("notices, the newest first" in each for each in shown) == 2


def independent(export: Path) -> subprocess.CompletedProcess[str]:
    """The verifier that docs/journal.md prints, without anything of this project."""
    (code,) = (each.text for each in examples("docs/journal.md") if each.kind == "python")
    assert len(code.splitlines()) <= 20
    words = [sys.executable, "-I", "-S", "-c", code, str(export)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=180)


@pytest.fixture
def export(operated: Told, tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    assert operated.reader.practice.zorgid("journal", "export", str(path)).returncode == 0
    return path


def test_the_printed_verifier_agrees_with_ours(operated: Told, export: Path) -> None:
    ours = operated.reader.practice.zorgid("journal", "verify", str(export), "--json")
    head = json.loads(ours.stdout)["result"]
    theirs = independent(export)
    assert theirs.returncode == 0
    assert theirs.stdout == f"{head['position']} {head['digest']}\n"


@pytest.mark.parametrize("change", ["changed", "removed", "swapped"])
def test_both_verifiers_find_what_was_done(change: str, operated: Told, export: Path) -> None:
    lines = export.read_text("utf-8").splitlines(keepends=True)
    match change:
        case "changed":
            lines[9] = lines[9].replace('"at":"2', '"at":"1')
        case "removed":
            del lines[9]
        case _:
            lines[9], lines[10] = lines[10], lines[9]
    export.write_text("".join(lines), "utf-8")
    theirs = independent(export)
    ours = operated.reader.practice.zorgid("journal", "verify", str(export), "--json")
    assert (theirs.returncode, ours.returncode) == (1, 1)
    assert theirs.stderr == "entry 10 does not hold\n"
    assert "10" in json.loads(ours.stdout)["error"]["message"]


@pytest.mark.parametrize("path", ["README.md", *WHOLE])
def test_every_document_has_examples(path: str) -> None:
    kinds = [each.kind for each in examples(path)]
    assert "sh" in kinds


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a …\n", "a 1\n", True),
        ("a …\n", "b 1\n", False),
        ("a\n…\nz\n", "a\nb\nc\nz\n", True),
        ("a\n", "a\nb\n", False),
        ('{"x":"…"}\n', '{"x":"(1"}\n', True),
    ],
)
def test_the_comparison_itself(expected: str, printed: str, same: bool) -> None:
    assert agrees(expected, printed) is same
