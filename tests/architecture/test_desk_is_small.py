"""The desk loads nothing of the server, and nothing that only Linux has."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALL_OF_THE_DESK = """
import importlib, pkgutil, sys
import card_writer
for module in pkgutil.walk_packages(card_writer.__path__, "card_writer."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as missing:
        if missing.name != "smartcard":
            raise
print("\\n".join(sys.modules))
"""
SERVER = (
    *("ca", "crl", "issuance", "ldap_publish", "ocsp", "server"),
    *("pki.keys", "pki.observe", "pki.store", "pki.telemetry", "pki.trust"),
    *("alembic", "httptools", "ldap3", "lxml", "psycopg", "sqlalchemy", "uvloop"),
)
UNIX_ALONE = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
"""Modules of the standard library that Windows has not."""


def test_the_desk_loads_nothing_of_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THE_DESK], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"card_writer.pkcs11.token", "card_writer.piv.card"} <= loaded
    of_the_server = [
        name
        for name in loaded
        if any(name == each or name.startswith(f"{each}.") for each in SERVER)
    ]
    assert of_the_server == []


def test_the_desk_imports_nothing_that_windows_lacks() -> None:
    imported = {
        (path.name, name.split(".")[0])
        for path in (ROOT / "card_writer").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _names(node)
    }
    assert ("module.py", "subprocess") in imported
    assert {each for each in imported if each[1] in UNIX_ALONE} == set()


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names]
