"""The command line with wrong input: which exit code, what it says, and where."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pki.domain.journal import GENESIS, RawEntry, canonical_json, entry_digest
from server.cli import run

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZORGID_CONFIG", raising=False)


def error_of(capsys: Said) -> dict[str, Any]:
    """The one object on standard output."""
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"ok", "error"}
    assert document["ok"] is False
    assert set(document["error"]) == {"type", "message", "next"}
    assert all(document["error"].values())
    error: dict[str, Any] = document["error"]
    return error


WRONG_USE = [
    ([], "see zorgid --help"),
    (["frobnicate"], "see zorgid --help"),
    (["journal"], "see zorgid journal --help"),
    (["journal", "frobnicate"], "see zorgid journal --help"),
    (["init"], "see zorgid init --help"),
    (["init", "x", "--port-base", "80"], "see zorgid init --help"),
    (["init", "x", "--port-base", "many"], "see zorgid init --help"),
    (["init", "x", "y"], "see zorgid init --help"),
    (["doctor", "--frobnicate"], "see zorgid doctor --help"),
    (["cert", "show"], "see zorgid cert show --help"),
    (["journal", "show", "--limit", "0"], "see zorgid journal show --help"),
    (["journal", "export"], "see zorgid journal export --help"),
]


@pytest.mark.parametrize(("words", "next_step"), WRONG_USE)
def test_wrong_use_as_json(words: list[str], next_step: str, capsys: Said) -> None:
    assert run([*words, "--json"]) == 2
    error = error_of(capsys)
    assert error["type"] == "usage"
    # Where a group does not know --json, the group's help is the next step all the same.
    assert error["next"] == next_step


@pytest.mark.parametrize(("words", "next_step"), WRONG_USE)
def test_wrong_use_as_text(words: list[str], next_step: str, capsys: Said) -> None:
    assert run(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert next_step in err or err.startswith("Usage: zorgid")


@pytest.mark.parametrize(
    "words",
    [
        ["doctor"],
        ["journal", "verify"],
        ["journal", "show"],
        ["journal", "export", "new.jsonl"],
        ["cert", "show", "1" * 40],
    ],
)
def test_without_a_configuration(words: list[str], tmp_path: Path, capsys: Said) -> None:
    assert run([*words, "--json"]) == 2
    error = error_of(capsys)
    assert error["type"] == "configuration-invalid"
    assert "zorgid.toml cannot be read: No such file" in error["message"]
    assert "zorgid init DIR" in error["next"]
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("ZORGID_CONFIG", "/nowhere/at/all.toml")
    assert run(["doctor", "--json"]) == 2
    assert "/nowhere/at/all.toml" in error_of(capsys)["message"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"= 1", "is not TOML"),
        (b"\xff", "is not UTF-8 text (line 1)"),
        (b"", "is empty"),
        (b"colour = 'blue'", "setting "),
        (None, "Is a directory"),
    ],
)
def test_a_configuration_that_cannot_be_used(
    content: bytes | None, said: str, tmp_path: Path, capsys: Said
) -> None:
    path = tmp_path / "zorgid.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    assert run(["doctor", "--json"]) == 2
    assert said in error_of(capsys)["message"]


def test_serve_says_which_roles_there_are(capsys: Said) -> None:
    assert run(["serve", "--role", "issuance,caretaker"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "'issuance,caretaker' is not a role" in err
    assert "next: give all, issuance, status or publisher" in err


@pytest.mark.parametrize("serial", ["zz", "dec:-1", "", "1" * 41, "dec:1e3"])
def test_what_is_no_serial(serial: str, capsys: Said) -> None:
    assert run(["cert", "show", serial, "--json"]) == 2
    assert error_of(capsys)["type"] == "malformed"


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_init_where_no_folder_can_be(name: str, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "file").touch()
    assert run(["init", str(tmp_path / name), "--json"]) == 2
    error = error_of(capsys)
    assert str(tmp_path / name) in error["message"]
    assert "read and write" in error["next"]


def test_init_leaves_what_is_there(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "mine").touch()
    assert run(["init", str(tmp_path), "--json"]) == 1
    assert error_of(capsys)["type"] == "conflict"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def exported(count: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    previous = GENESIS
    for position in range(1, count + 1):
        entry = RawEntry(
            position=position,
            at="2026-11-22T12:00:00.000000Z",
            actor="systeem:zorgid",
            ura=None,
            kind="crl.published",
            payload={"number": position},
            previous=previous,
            digest=GENESIS,
        )
        previous = entry_digest(entry)
        lines.append(
            {
                "position": position,
                "at": entry.at,
                "actor": entry.actor,
                "ura": None,
                "kind": entry.kind,
                "payload": entry.payload,
                "previous": entry.previous.hex(),
                "digest": previous.hex(),
            }
        )
    return lines


def verify(tmp_path: Path, content: bytes) -> int:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    return run(["journal", "verify", str(path), "--json"])


def as_lines(entries: list[dict[str, Any]]) -> bytes:
    return b"".join(canonical_json(entry) + b"\n" for entry in entries)


def test_an_export_verifies_without_configuration(tmp_path: Path, capsys: Said) -> None:
    entries = exported(3)
    assert verify(tmp_path, as_lines(entries)) == 0
    document = json.loads(capsys.readouterr().out)
    expected = {"position": 3, "digest": entries[-1]["digest"]}
    assert document == {"ok": True, "result": expected}


def _changed(entries: list[dict[str, Any]]) -> bytes:
    entries[1]["payload"] = {"number": 9}
    return as_lines(entries)


def _removed(entries: list[dict[str, Any]]) -> bytes:
    del entries[1]
    return as_lines(entries)


def _damaged(entries: list[dict[str, Any]]) -> bytes:
    return as_lines(entries).replace(b'"position":2', b'"position":\xff')


@pytest.mark.parametrize("change", [_changed, _removed, _damaged])
def test_a_changed_export_is_a_finding(
    change: Callable[[list[dict[str, Any]]], bytes], tmp_path: Path, capsys: Said
) -> None:
    assert verify(tmp_path, change(exported(3))) == 1
    error = error_of(capsys)
    assert error["type"] == "chain-broken"
    assert "2" in error["message"]


@pytest.mark.parametrize("content", [b"", b"\xd0\x00\n", b"# README\n", b"[]\n", b"{}\n"])
def test_what_is_no_export_is_wrong_use(content: bytes, tmp_path: Path, capsys: Said) -> None:
    assert verify(tmp_path, content) == 2
    assert error_of(capsys)["type"] == "malformed"


def test_a_defect_of_ours_ends_in_one_object_and_repeats_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    """It says where it comes from; texts of errors may hold what somebody typed."""
    typed = "pin-246813"

    def broken(*_: object, **__: object) -> None:
        try:
            int(typed)
        except ValueError as error:
            raise ExceptionGroup(typed, [ZeroDivisionError(typed)]) from error

    monkeypatch.setattr("server.commands.doctor.examine", broken)
    assert run(["doctor", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["message"] == "unexpected failure: ExceptionGroup"
    kinds = [line for line in err.splitlines() if not line.startswith(" ")]
    assert kinds == ["ValueError", "ZeroDivisionError", "ExceptionGroup"]
    assert "in broken" in err
    assert typed not in out + err


def test_an_interrupt_and_a_reader_that_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("server.commands.doctor.examine", interrupted)
    assert run(["doctor"]) == 130


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["journal", "--help"]])
def test_help_is_no_error(words: list[str], capsys: Said) -> None:
    assert run(words) == 0
    assert capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_init_where_it_may_not_write(tmp_path: Path, capsys: Said) -> None:
    tmp_path.chmod(0o500)
    assert run(["init", str(tmp_path / "new"), "--json"]) == 2
    assert error_of(capsys)["type"] == "configuration-invalid"
