"""The command line's help, and its next step where something else was given than is needed."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from typer.main import get_group

from server.cli import Program, app, run
from status_side.small_pki import PracticeCa, new_key

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZORGID_CONFIG", raising=False)


def error_of(capsys: Said) -> dict[str, Any]:
    """What was wrong, as a script reads it."""
    error: dict[str, Any] = json.loads(capsys.readouterr().out)["error"]
    return error


def test_a_configuration_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    """An operator who forgot to become the service's user makes no new installation."""
    (tmp_path / "zorgid.toml").write_text("")

    def denied(self: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert run(["doctor", "--json"]) == 2
    error = error_of(capsys)
    assert error["message"].endswith("zorgid.toml cannot be read: Permission denied")
    assert "zorgid init" not in error["next"]
    assert "as the user whose file it is" in error["next"]


@pytest.mark.parametrize(
    ("words", "next_step"),
    [
        (["notices", "resend", "12"], "zorgid notices list --unknown"),
        (["status", "verify", "other", "--root", "other"], "zorgid status at"),
    ],
)
def test_what_is_of_another_kind_is_named_with_where_to_get_it(
    words: list[str], next_step: str, tmp_path: Path, capsys: Said
) -> None:
    root = x509.load_der_x509_certificate(PracticeCa("Root", new_key("root")).certificate)
    (tmp_path / "other").write_bytes(root.public_bytes(Encoding.PEM))
    assert run([*words, "--json"]) == 2
    assert next_step in error_of(capsys)["next"]


def listed(words: list[str], capsys: Said) -> dict[str, str]:
    """What a help page says of each of its commands, on one line each."""
    assert run([*words, "--help"]) == 0
    _, _, commands = capsys.readouterr().out.partition("Show this message and exit.\n")
    found: dict[str, str] = {}
    for line in commands.splitlines():
        if line.startswith("   ") and found:
            found[list(found)[-1]] += f" {line.strip()}"
        elif line.startswith("  "):
            name, _, said = line.strip().partition(" ")
            found[name] = said.strip()
    return found


def test_help_says_the_whole_sentence_about_every_command(capsys: Said) -> None:
    program = listed([], capsys)
    groups = {each.name for each in app.registered_groups}
    assert groups <= set(program)
    pages = [program, *(listed([str(name)], capsys) for name in sorted(map(str, groups)))]
    for page in pages:
        assert page
        assert all(said and not said.endswith("...") for said in page.values()), page


def test_every_command_has_a_place_in_the_order_of_reading() -> None:
    placed = [name for names in Program.SECTIONS.values() for name in names]
    assert sorted(placed) == sorted(get_group(app).commands)
