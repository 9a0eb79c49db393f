"""Who may know whom: the contracts in pyproject, and what an interpreter really loads."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER_SIDE = {"server", "issuance", "ca", "crl", "ocsp", "ldap_publish", "pki.store", "pki.keys"}
SQL = {"sqlalchemy", "alembic", "psycopg"}

# Every module of a package, loaded in an interpreter of its own; prints all that came along.
LOAD = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(found.name)
print("\\n".join(sys.modules))
"""


def _loaded(code: str, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path}: relative import"
            yield node.module


def _within(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


def test_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("part", "allowed"),
    [
        ("pki/domain", {"pki.domain"}),
        ("pki/ports.py", {"pki.domain"}),
        ("pki/der", {"pki.domain", "pki.der", "cryptography", "asn1crypto"}),
    ],
)
def test_pure_modules_import_only(part: str, allowed: set[str]) -> None:
    path = ROOT / part
    modules = [path] if path.is_file() else list(path.rglob("*.py"))
    assert modules
    foreign = {
        f"{module.relative_to(ROOT)}: {name}"
        for module in modules
        for name in _imported(module)
        if name.partition(".")[0] not in sys.stdlib_module_names and not _within(name, allowed)
    }
    assert not foreign


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("ocsp", {"ca", "issuance", "server", "pki.store", "pki.keys", *SQL}),
        ("crl", {"ca", "issuance", "server", "pki.store", "pki.keys", *SQL}),
        ("ldap_publish", {"ca", "issuance", "server", "pki.keys", *SQL}),
        ("issuance", {"ca", "server", "pki.store", "pki.keys", "pki.der", *SQL}),
        ("ca", {"issuance", "server", "pki.store", *SQL}),
        ("card_writer", {*SERVER_SIDE, "ldap3", "prometheus_client", *SQL}),
    ],
)
def test_a_service_loads_none_of(package: str, absent: set[str]) -> None:
    assert not {name for name in _loaded(LOAD, package) if _within(name, absent)}


def test_the_command_line_loads_its_parts_only_when_asked() -> None:
    loaded = _loaded("import server.cli, sys; print('\\n'.join(sys.modules))")
    heavy = {*SERVER_SIDE, *SQL, "card_writer", "aiohttp", "cryptography", "pydantic", "ldap3"}
    assert "server.cli" in loaded
    assert not {name for name in loaded if _within(name, heavy - {"server"})}
