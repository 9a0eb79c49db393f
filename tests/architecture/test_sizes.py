"""Small enough to be read: modules, functions, folders."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ca", "ocsp", "crl", "ldap_publish", "issuance", "card_writer", "pki", "server")
TREES = (*PACKAGES, "tests", "bench")
MODULE_LINES = 300
FUNCTION_LINES = 40
FOLDER_MODULES = 12

# Tables of codes, which are as long as what they list.
TABLES: frozenset[str] = frozenset()

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def _modules() -> list[Path]:
    found = [ROOT / "bootstrap.py"]
    for tree in TREES:
        found.extend(sorted((ROOT / tree).rglob("*.py")))
    return found


def _lines(function: FunctionNode) -> int:
    """How long its code is; what the docstring promises may take the room it needs."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    doc = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - doc


def _functions(path: Path) -> Iterator[FunctionNode]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, FunctionNode):
            yield node


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_and_its_functions_are_small(path: Path) -> None:
    name, lines = str(path.relative_to(ROOT)), len(path.read_text().splitlines())
    long = [f"{each.name}: {_lines(each)}" for each in _functions(path)]
    long = [each for each in long if int(each.rpartition(": ")[2]) > FUNCTION_LINES]
    assert not long
    assert name in TABLES or lines <= MODULE_LINES


def test_folders_are_small() -> None:
    folders = {path.parent for tree in PACKAGES for path in (ROOT / tree).rglob("*.py")}
    assert folders
    crowded = {
        str(folder.relative_to(ROOT)): count
        for folder in folders
        if (count := len([path for path in folder.glob("*.py") if path.stem != "__init__"]))
        > FOLDER_MODULES
        and "versions" not in folder.parts
    }
    assert not crowded


def test_every_exception_is_still_needed() -> None:
    for name in TABLES:
        assert len((ROOT / name).read_text().splitlines()) > MODULE_LINES
