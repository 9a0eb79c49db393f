"""A field that the log keeps for itself would swallow what a caller puts under its name."""

import ast
from collections.abc import Iterator
from pathlib import Path

from pki.telemetry import logs

ROOT = Path(__file__).parents[2]
FOLDERS = ("pki", "ca", "ocsp", "crl", "ldap_publish", "issuance", "card_writer", "server")


def extras(tree: ast.AST) -> Iterator[ast.Dict]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = (each.value for each in node.keywords if each.arg == "extra")
            yield from (value for value in given if isinstance(value, ast.Dict))


def test_no_log_line_uses_a_field_of_the_log_itself() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{key.lineno} {key.value}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for extra in extras(ast.parse(path.read_text("utf-8")))
        for key in extra.keys
        if isinstance(key, ast.Constant) and key.value in logs._OWN_FIELDS
    ]
    assert not found
