"""What may not stand in a file: postponements, dumping grounds, unexplained exceptions."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve()
SUFFIXES = {".py", ".md", ".toml", ".cfg", ".sh", ".yaml", ".yml", ".conf", ".ldif", ".mako"}

POSTPONED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
NOT_OURS = re.compile(r"(?<![\w.])/work/|pypi\.org|pythonhosted")
DUMPING_GROUNDS = {"utils", "util", "helpers", "helper", "common", "misc"}

NOQA = re.compile(r"#\s*(?:ruff:\s*)?noqa")
NOQA_WITH_REASON = re.compile(r"#\s(?:ruff:\s)?noqa:\s[A-Z]+\d+(?:,\s?[A-Z]+\d+)*\s+(?:--|#)\s\S")
TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore")
TYPE_IGNORE_WITH_REASON = re.compile(
    r"#\stype:\signore\[[a-z\-]+(?:,\s?[a-z\-]+)*\]\s+(?:--|#)\s\S"
)
NO_COVER = re.compile(r"#\s*pragma:\s*no (?:cover|branch)")
NO_COVER_WITH_REASON = re.compile(r"#\spragma:\sno (?:cover|branch)\s+(?:--|#)\s\S")


def _files() -> list[Path]:
    """What git knows or would add; without git, everything outside hidden folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.splitlines()]
    else:
        paths = [path for path in ROOT.rglob("*") if "/." not in str(path.relative_to(ROOT))]
    kept = [path for path in paths if path.is_file() and path != HERE]
    assert kept
    return kept


def _lines(pattern: re.Pattern[str], *, but: re.Pattern[str] | None = None) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in _files()
        if path.suffix in SUFFIXES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line) and not (but and but.search(line))
    ]


def test_nothing_is_postponed() -> None:
    assert not _lines(POSTPONED)


def test_nothing_names_a_place_that_is_not_ours() -> None:
    assert not _lines(NOT_OURS)


def test_no_dumping_grounds() -> None:
    assert not [path for path in _files() if path.stem in DUMPING_GROUNDS]


@pytest.mark.parametrize(
    ("exception", "explained"),
    [
        (NOQA, NOQA_WITH_REASON),
        (TYPE_IGNORE, TYPE_IGNORE_WITH_REASON),
        (NO_COVER, NO_COVER_WITH_REASON),
    ],
    ids=["noqa", "type-ignore", "no-cover"],
)
def test_every_exception_names_its_code_and_reason(
    exception: re.Pattern[str], explained: re.Pattern[str]
) -> None:
    assert not _lines(exception, but=explained)


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("x = f()  # noqa: TID251 -- the one reader of the clock", True),
        ("x = f()  # noqa: TID251", False),
        ("x = f()  # noqa", False),
        ("x = f()  # noqa: A001, B002 # both for one reason", True),
    ],
)
def test_the_rule_itself(line: str, *, accepted: bool) -> None:
    assert bool(NOQA_WITH_REASON.search(line)) is accepted
