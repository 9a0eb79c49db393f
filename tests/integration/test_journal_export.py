"""A part of the journal for an auditor: signed, verified by foreign tools, never quite another."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fixtures.backup import answered, asked
from installed.practice import Practice
from pki.domain.event_codec import decode_time, encode_time

pytestmark = pytest.mark.openssl


@pytest.fixture(scope="module")
def entries(module_practice: Practice) -> list[dict[str, Any]]:
    found = asked("journal", "show", "--limit", "1000", "-c", str(module_practice.config))
    listed: list[dict[str, Any]] = found["entries"]
    assert len(listed) > 5
    return listed


@pytest.fixture(scope="module")
def exported(
    module_practice: Practice,
    entries: list[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """From after the first transaction on, signed."""
    path = tmp_path_factory.mktemp("audit") / "part.jsonl"
    since = next(each["at"] for each in entries if each["at"] > entries[0]["at"])
    told = asked(*export(module_practice, path), "--from", since, "--sign")
    first = next(each["position"] for each in entries if each["at"] == since)
    assert first > 1
    assert (told["first"], told["position"]) == (first, entries[-1]["position"])
    return path


def export(practice: Practice, path: Path) -> tuple[str, ...]:
    return ("journal", "export", str(path), "-c", str(practice.config))


def verify(practice: Practice, path: Path, signature: Path | None = None) -> tuple[str, ...]:
    beside = signature or path.with_name(f"{path.name}.p7m")
    root = practice.layout.certificate("root")
    words = ("journal", "verify", str(path), "--signature", str(beside), "--root", str(root))
    return (*words, "-c", "/nowhere/zorgid.toml")


def test_a_signed_part_verifies_without_configuration(
    module_practice: Practice, exported: Path
) -> None:
    said = answered(*verify(module_practice, exported))
    assert said.code == 0, said.stderr
    assert "journal verifies: entries " in said.stdout
    assert "the file is the one that was signed at " in said.stdout
    assert "by practice installation " in said.stdout


def test_openssl_reads_what_was_signed(module_practice: Practice, exported: Path) -> None:
    root = module_practice.layout.certificate("root")
    words = ["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any"]
    signature = exported.with_name(f"{exported.name}.p7m")
    done = subprocess.run(
        [*words, "-in", str(signature), "-CAfile", str(root)], capture_output=True, check=True
    )
    statement = json.loads(done.stdout)
    lines = exported.read_bytes().splitlines()
    assert statement["file_sha256"] == hashlib.sha256(exported.read_bytes()).hexdigest()
    assert statement["previous"] == json.loads(lines[0])["previous"]
    assert statement["digest"] == json.loads(lines[-1])["digest"]
    assert (statement["type"], statement["until"]) == ("zorg-id-journal-export", None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("cut", "not the one that was signed"),
        ("respaced", "not the one that was signed"),
        ("changed", "does not match its content"),
        ("first gone", "not the one that was signed"),
    ],
)
def test_another_file_is_not_vouched_for(
    module_practice: Practice, exported: Path, tmp_path: Path, change: str, says: str
) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    match change:
        case "cut":
            del lines[-1]
        case "respaced":
            lines[-1] = lines[-1].rstrip(b"\n")
        case "changed":
            lines[1] = lines[1].replace(b'"at":"2', b'"at":"1')
        case _:
            del lines[0]
    other = tmp_path / "other.jsonl"
    other.write_bytes(b"".join(lines))
    beside = exported.with_name(f"{exported.name}.p7m")
    said = answered(*verify(module_practice, other, beside))
    assert (said.code, says in said.stderr) == (1, True), said.stderr


def test_a_statement_of_another_kind_is_none(
    module_practice: Practice, exported: Path, tmp_path: Path
) -> None:
    beside = tmp_path / "x.p7m"
    beside.write_bytes(b"no CMS")
    said = answered(*verify(module_practice, exported, beside))
    assert said.code == 2
    missing = answered(*verify(module_practice, exported, tmp_path / "none"))
    assert (missing.code, "cannot be read" in missing.stderr) == (2, True)


def test_days_and_times_choose_entries(
    module_practice: Practice, entries: list[dict[str, Any]], tmp_path: Path
) -> None:
    last = entries[-1]["at"]
    told = asked(*export(module_practice, tmp_path / "most"), "--to", last)
    assert told["position"] == sum(each["at"] < last for each in entries)
    whole = asked(*export(module_practice, tmp_path / "whole"), "--from", last[:4] + "-01-01")
    assert (whole["first"], whole["position"]) == (1, len(entries))
    verified = asked("journal", "verify", str(tmp_path / "whole"))
    assert verified == {"position": whole["position"], "digest": whole["digest"]}
    assert encode_time(decode_time(last)) == last


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--from", "2200-01-01"), 1, "no journal entry of that time"),
        (("--from", "yesterday"), 2, "neither a day nor a time"),
        (("--from", "2026-01-01T00:00:00"), 2, "neither a day nor a time"),
        (("--from", "2026-02-01", "--to", "2026-02-01"), 2, "--to is not after --from"),
    ],
)
def test_times_that_are_none(
    module_practice: Practice, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    target = tmp_path / "none.jsonl"
    said = answered(*export(module_practice, target), *words)
    assert (said.code, says in said.stderr) == (code, True), said.stderr
    assert "  next: " in said.stderr
    assert not target.exists()


def test_nothing_is_replaced_or_left(module_practice: Practice, tmp_path: Path) -> None:
    target = tmp_path / "kept.jsonl"
    beside = tmp_path / "kept.jsonl.p7m"
    beside.write_bytes(b"kept")
    said = answered(*export(module_practice, target), "--sign")
    assert (said.code, "exists already" in said.stderr) == (2, True)
    assert (target.exists(), beside.read_bytes()) == (False, b"kept")
