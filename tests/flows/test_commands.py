"""The command line beside a running server: what it shows, finds, refuses, and how it ends."""

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import zorgid
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.reasons import BlockReason, RevokeReason
from server.cli import run
from server.demo.cards import URA
from server.initialise import ADMINISTRATOR
from server.installation import OID_ARC

pytestmark = pytest.mark.slow

DONE, FINDING, USAGE, UNREACHABLE = 0, 1, 2, 4


@dataclass(frozen=True, kw_only=True)
class Told:
    """An installation in which one card was made, blocked, unblocked, blocked and revoked."""

    practice: Practice
    certificate: x509.Certificate
    export: Path

    @property
    def serial(self) -> str:
        return f"{self.certificate.serial_number:040x}"

    @property
    def lines(self) -> list[bytes]:
        return self.export.read_bytes().splitlines(keepends=True)


async def live_and_die(practice: Practice) -> bytes:
    made = await practice.make_card(employee(1))
    card = made.card.card_id
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(card, BlockRequest(reason=BlockReason.LOSS))
        await administrator.unblock(card)
        await administrator.block(card, BlockRequest(reason=BlockReason.LOSS))
        await administrator.revoke(card, RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT))
    return made.certificate


@pytest.fixture(scope="module")
def told(module_practice: Practice, nursery: Nursery) -> Iterator[Told]:
    export = module_practice.layout.root / "journal.jsonl"
    with nursery.serving(module_practice):
        der = asyncio.run(live_and_die(module_practice))
        done = module_practice.zorgid("journal", "export", str(export), "--json")
        assert done.returncode == DONE, done.stderr
        yield Told(
            practice=module_practice,
            certificate=x509.load_der_x509_certificate(der),
            export=export,
        )


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the one JSON object on standard output."""
    capsys.readouterr()
    code = run([*words, "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    answer = json.loads(out)
    kind = "result" if answer["ok"] else "error"
    assert set(answer) == {"ok", kind}
    if kind == "error":
        assert set(answer["error"]) == {"type", "message", "next"}
        assert all(answer["error"].values())
    assert answer["ok"] is (code == DONE)
    return code, answer[kind]


def test_init_leaves_a_folder_that_is_not_empty(told: Told) -> None:
    root = told.practice.layout.root
    before = {path: path.stat().st_mtime_ns for path in (root / "keys").iterdir()}
    ran = told.practice.zorgid("init", str(root))
    assert (ran.returncode, ran.stdout) == (FINDING, "")
    assert f"zorgid: {root} is not empty" in ran.stderr
    assert "  next: name a new folder" in ran.stderr
    assert before == {path: path.stat().st_mtime_ns for path in (root / "keys").iterdir()}


def test_store_and_export_say_the_same_head(
    told: Told, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = str(told.practice.config)
    code, store = asked(capsys, "journal", "verify", "--config", config)
    assert (code, set(store)) == (DONE, {"position", "digest"})
    target = tmp_path / "again.jsonl"
    code, export = asked(capsys, "journal", "export", str(target), "--config", config)
    assert (code, export["file"]) == (DONE, str(target))
    assert export["position"] >= store["position"]
    assert target.read_bytes().startswith(told.export.read_bytes())
    assert target.stat().st_mode & 0o777 == 0o600
    offline = zorgid("journal", "verify", str(target), "--json", cwd=tmp_path)
    assert json.loads(offline.stdout)["result"] == {
        "position": export["position"],
        "digest": export["digest"],
    }


def test_an_independent_reader_finds_the_same_chain(told: Told) -> None:
    """What docs/journal.md says, in ten lines of another program."""
    previous = bytes(32).hex()
    for number, line in enumerate(told.lines, start=1):
        entry = json.loads(line)
        digest = entry.pop("digest")
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (entry["position"], entry["previous"]) == (number, previous)
        assert hashlib.sha256(text.encode()).hexdigest() == digest
        previous = digest


def broken_at(capsys: pytest.CaptureFixture[str], path: Path) -> str:
    """What `journal verify` says of a file that was tampered with."""
    code, error = asked(capsys, "journal", "verify", str(path))
    assert code in {FINDING, USAGE}
    return str(error["message"])


def names(message: str, position: int) -> bool:
    return f"entry {position} " in message or f"line {position} of" in message


def test_every_changed_octet_is_found_where_it_is(
    told: Told, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines, path = told.lines, tmp_path / "changed.jsonl"
    for position, step in ((1, 7), (len(lines) // 2, 1), (len(lines), 7)):
        line = lines[position - 1]
        for place in range(0, len(line) - 1, step):
            changed = bytearray(line)
            changed[place] ^= 1
            path.write_bytes(b"".join([*lines[: position - 1], changed, *lines[position:]]))
            message = broken_at(capsys, path)
            assert names(message, position), (message, bytes(changed))


def test_a_line_that_is_missing_is_found(
    told: Told, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines, path = told.lines, tmp_path / "removed.jsonl"
    for position in range(1, len(lines)):
        path.write_bytes(b"".join(lines[: position - 1] + lines[position:]))
        message = broken_at(capsys, path)
        assert f"journal entry {position} " in message
        assert f"entry {position + 1} stands where {position} should" in message


def test_lines_that_changed_places_are_found(
    told: Told, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines, path = told.lines, tmp_path / "swapped.jsonl"
    for first in range(len(lines) - 1):
        swapped = list(lines)
        swapped[first], swapped[first + 1] = swapped[first + 1], swapped[first]
        path.write_bytes(b"".join(swapped))
        message = broken_at(capsys, path)
        assert f"entry {first + 2} stands where {first + 1} should" in message


def test_show_gives_the_entries_in_order(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("journal", "show", "--after", "2", "--limit", "3", "--config")
    code, found = asked(capsys, *words, str(told.practice.config))
    assert code == DONE
    assert [json.loads(line) for line in told.lines[2:5]] == found["entries"]
    assert run([*words, str(told.practice.config)]) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["3", "4", "5"]


def test_a_certificate_with_its_history(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(told.practice.config)
    code, found = asked(capsys, "cert", "show", told.serial, "--config", config)
    assert code == DONE
    number = employee(1).uzi_number.value
    assert found["serial_decimal"] == str(told.certificate.serial_number)
    assert found["uzi_name"] == f"{OID_ARC}-1-{number}-N-{URA}-00.000-00000000"
    assert found["upn"] == f"{number}@{URA}"
    assert found["card_state"] == "ingetrokken"
    history = [each["status"].split(" of ")[0].split(" since ")[0] for each in found["status"]]
    assert history == [
        "on hold until confirmed",
        "good",
        "on hold",
        "good",
        "on hold",
        "revoked as",
    ]
    intervals = found["status"]
    assert [each["since"] for each in intervals[1:]] == [each["until"] for each in intervals[:-1]]
    assert intervals[-1]["until"] is None
    block = intervals[4]["status"].removeprefix("on hold since ")
    assert intervals[5]["status"] == f"revoked as of {block} (key_compromise)"
    decimal = f"dec:{told.certificate.serial_number}"
    assert asked(capsys, "cert", "show", decimal, "--config", config) == (code, found)


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        (("cert", "show", "1" * 40), FINDING, "not-found"),
        (("cert", "show", "xyz"), USAGE, "malformed"),
        (("cert", "show", "dec:0"), USAGE, "malformed"),
        (("journal", "export", "/"), USAGE, "configuration-invalid"),
        (("journal", "verify", "/nowhere"), USAGE, "configuration-invalid"),
    ],
)
def test_refusals(
    told: Told,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    kind: str,
) -> None:
    found, error = asked(capsys, *words, "--config", str(told.practice.config))
    assert (found, error["type"]) == (code, kind)


def test_a_store_that_is_gone_cannot_be_reached(
    practice: Practice, capsys: pytest.CaptureFixture[str]
) -> None:
    practice.layout.store.unlink()
    code, error = asked(capsys, "journal", "verify", "--config", str(practice.config))
    assert (code, error["type"]) == (UNREACHABLE, "store-unavailable")


def test_help_loads_the_command_line_alone() -> None:
    program = """
import sys
from server.cli import run
code = run(["--help"])
sys.stderr.write("\\n".join(sys.modules))
sys.exit(code)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == DONE
    for command in ("init", "serve", "demo", "doctor", "journal", "cert"):
        assert f"  {command} " in ran.stdout
    loaded = set(ran.stderr.split())
    assert not loaded & {"sqlalchemy", "aiohttp", "cryptography", "pydantic", "asn1crypto"}
    ours = {name for name in loaded if name.startswith(("pki", "ca.", "ocsp", "issuance"))}
    assert ours == {"pki", "pki.secrecy"}, "each process keeps its memory private, first of all"
