"""The documents: every link leads somewhere, every path and decision they name exists."""

import re
from pathlib import Path

import pytest

from links import anchors, prose

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = {".venv", ".git", "build", "dist", "node_modules"}
DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not HIDDEN & set(path.relative_to(ROOT).parts)
    and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
DECISION_LINES = 45

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(
    r"(?:ca|ocsp|crl|ldap_publish|issuance|card_writer|pki|server|tests|config|deploy)/[\w/.-]*"
)
_NOT_OURS = re.compile(
    r"\bissues? #?\d|\bdecisions?\.md|\bdomain\.md|\bdesign\.md|\bshared/",
    re.IGNORECASE,
)
_PRAISE = re.compile(
    r"\b(blazing\w*|seamless\w*|robust\w*|world.class|cutting.edge|effortless\w*|powerful|"
    r"state.of.the.art|leverag\w+|simply|easily|just works)\b",
    re.IGNORECASE,
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    lost = []
    for link in _LINK.findall(prose(path)):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        inside = found.exists() and ROOT in (found, *found.parents)
        if not inside or (anchor and anchor not in anchors(found)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_path_that_is_named_exists(path: Path) -> None:
    """Paths of this repository, in code marks; a folder of an installation has other names."""
    named = {text for text in _CODE.findall(prose(path)) if _PATH.fullmatch(text)}
    ours = {each for each in named if Path(each).suffix in {"", ".py", ".toml", ".schema"}}
    assert sorted(each for each in ours if not (ROOT / each).exists()) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_it_speaks_of_itself_and_plainly(path: Path) -> None:
    text = path.read_text("utf-8")
    found = [*_NOT_OURS.finditer(text), *_PRAISE.finditer(text)]
    assert [each.group() for each in found] == []


def test_decisions_are_numbered_listed_and_short() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == sorted(set(numbers)), "none is given twice; one may be left out"
    listed = _LINK.findall((ROOT / "docs" / "adr" / "README.md").read_text("utf-8"))
    assert listed == [path.name for path in DECISIONS]
    long = [path.name for path in DECISIONS if path.read_text().count("\n") > DECISION_LINES]
    assert long == []


def test_readme_leads_to_every_document() -> None:
    """Whoever starts at the README finds all of docs/ in one or two steps."""
    seen = {ROOT / "README.md"}
    for _ in range(2):
        for path in tuple(seen):
            targets = (path.parent / link.partition("#")[0] for link in _LINK.findall(prose(path)))
            seen |= {each.resolve() for each in targets if each.suffix == ".md" and each.is_file()}
    seen |= set(DECISIONS)
    documents = (ROOT / "docs").rglob("*.md")
    assert sorted(name(path) for path in documents if path not in seen) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_test_that_is_named_exists(path: Path, every_test: frozenset[str]) -> None:
    named = set(re.findall(r"\btest_\w+(?:\.py)?", prose(path)))
    assert not sorted(named - every_test)


@pytest.fixture(scope="session")
def every_test() -> frozenset[str]:
    files = list((ROOT / "tests").rglob("test_*.py"))
    text = "\n".join(file.read_text("utf-8") for file in files)
    functions = re.findall(r"^\s*(?:async )?def (test_\w+)", text, re.MULTILINE)
    return frozenset([*functions, *(file.name for file in files)])
