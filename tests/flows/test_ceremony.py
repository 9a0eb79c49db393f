"""Root and Token CA by ceremony, at a pseudo-terminal; what is left behind, and verifying it."""

import base64
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ca.ceremony.transcript import read_lines
from ceremonies.table import HOLDERS, PASSPHRASE, WITNESSES, Killed, Table, key_parts
from fixtures.ceremony import ROOT_CRL_PARTS, ROOT_FOLDER, Held, Room, room_in
from pki.api.fields import from_pem
from pki.der.certificate import read_certificate
from pki.domain.errors import ChainBroken
from pki.keys.soft import SoftSigner
from secrecy.sought import Sought, written
from server.ceremony.commands import report, script, verify
from server.ceremony.keys.shares import combine

TRANSCRIPT = "TEST-transcript.jsonl"


def _openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.openssl
def test_openssl_accepts_the_chain_the_request_and_the_list(held: Held) -> None:
    folder = held.room.folder
    token = folder / "TEST-token" / "TEST-token-ca.pem"
    crl = folder / ROOT_FOLDER / "TEST-root.crl"
    pem = folder / "root-crl.pem"
    _openssl("crl", "-inform", "DER", "-in", str(crl), "-out", str(pem))
    chain = ["-CAfile", str(held.root_certificate), "-CRLfile", str(pem), "-crl_check"]
    assert "OK" in _openssl("verify", "-x509_strict", *chain, str(token))
    request = folder / "TEST-token-key" / "TEST-token-ca.p10.pem"
    _openssl("req", "-in", str(request), "-verify", "-noout")
    assert "TEST PRACTICE Care" in _openssl("x509", "-in", str(token), "-noout", "-subject")


def test_every_ceremony_verifies(held: Held) -> None:
    for plan in (held.root, held.key, held.certificate):
        found = verify(plan, practice=False)
        assert (found.code, found.result["wrong"]) == (0, [])


def test_no_secret_is_in_any_file_and_the_screen_was_wiped(held: Held) -> None:
    papers = re.findall(r"Share of [^:\n]+\. Write it down(.*?)Enter when", held.said, re.DOTALL)
    assert len(papers) == 2 * len(HOLDERS)
    shares = [tuple(re.findall(r"\b\d+\. ([a-z]+)", paper)) for paper in papers]
    secrets = [combine(shares[:2]), combine(shares[3:5])]
    pairs = [share[at : at + 2] for share in shares for at in range(3, 31)]
    sought = Sought.of(
        {
            "passphrase": written(PASSPHRASE.encode()),
            "secret": [form for secret in secrets for form in written(secret)],
            "words": [between.join(pair).encode() for pair in pairs for between in (" ", '","')],
        }
    )
    assert len(list(held.room.folder.rglob("*"))) > 10
    assert sought.in_files(held.room.folder) == {}
    assert held.said.count("\x1b[?1049h") == held.said.count("\x1b[3J\x1b[H\x1b[?1049l")


def test_pages_say_test_and_hold_every_step(held: Held, tmp_path: Path) -> None:
    script(held.root, practice=False, out=tmp_path / "script.html")
    report(held.root, practice=False, out=tmp_path / "report.html")
    page = (tmp_path / "script.html").read_text()
    assert "TEST – practice – TEST" in page
    assert page.count("Step ") >= 10
    assert "Exception sheet 2" in page
    assert "<script" not in page
    told = (tmp_path / "report.html").read_text()
    assert "Complete and verified." in told
    assert all(name in told for name in WITNESSES)


def test_holders_hand_the_passphrase_to_a_server(held: Held, tmp_path: Path) -> None:
    key, out = held.room.folder / ROOT_FOLDER / "TEST-root.key.pem", tmp_path / "passphrase"
    assert held.room.table.run("unlock", str(key), "--out", str(out)) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    signer = SoftSigner.load(key, out.read_bytes())
    content = read_certificate(from_pem(held.root_certificate.read_text())).content
    assert signer.public_key == content.public_key
    signer.close()
    assert held.room.table.run("unlock", str(key), "--out", str(out)) == 1


def test_a_witness_makes_a_key(room: Room) -> None:
    arguments = ("witness-key", "w.pem", "--name", "N. Nieuw")
    assert room.table.run(*arguments) == 0
    found = re.search(r'public_key = "(.+)"', room.table.said)
    assert found is not None
    signer = SoftSigner.load(room.folder / "w.pem", PASSPHRASE.encode())
    assert base64.b64decode(found[1]) == signer.public_key
    assert room.table.run(*arguments) == 1
    assert "never replaced" in room.table.said


@pytest.fixture
def copied(held: Held, tmp_path: Path) -> Path:
    """The root's ceremony on another computer: without the private key."""
    shutil.copytree(held.room.folder / ROOT_FOLDER, tmp_path / ROOT_FOLDER)
    shutil.copy(held.root, tmp_path / "root.toml")
    (tmp_path / ROOT_FOLDER / "TEST-root.key.pem").unlink()
    return tmp_path / "root.toml"


def test_it_verifies_elsewhere_without_the_private_key(copied: Path) -> None:
    found = verify(copied, practice=False)
    assert found.code == 0
    assert any("private key and is not here" in line for line in found.lines)


def _transcript(plan: Path) -> Path:
    return plan.parent / ROOT_FOLDER / TRANSCRIPT


def test_one_changed_byte_is_named_by_its_line(copied: Path) -> None:
    path = _transcript(copied)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        at = sum(len(each) for each in lines[: number - 1]) + len(line) // 2
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ChainBroken) as broken:
            verify(copied, practice=False)
        assert broken.value.position == number


def test_a_removed_or_moved_line_is_named(copied: Path) -> None:
    path = _transcript(copied)
    lines = path.read_bytes().splitlines(keepends=True)
    for number in range(1, len(lines)):
        rest = [*lines[: number - 1], *lines[number:]]
        swapped = [*lines[: number - 1], lines[number], lines[number - 1], *lines[number + 1 :]]
        for changed in (rest, swapped):
            path.write_bytes(b"".join(changed))
            with pytest.raises(ChainBroken, match="missing or moved") as broken:
                verify(copied, practice=False)
            assert broken.value.position == number


def test_a_signature_cut_off_at_the_end_is_missed(copied: Path) -> None:
    path = _transcript(copied)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    found = verify(copied, practice=False)
    assert found.code == 1
    assert any(WITNESSES[1] in each and "did not sign" in each for each in found.result["wrong"])
    assert any("1 witnesses signed, 2 are needed" in each for each in found.result["wrong"])


def test_a_changed_result_is_named(copied: Path) -> None:
    path = copied.parent / ROOT_FOLDER / "TEST-root.crl"
    octets = path.read_bytes()
    path.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))
    wrong = verify(copied, practice=False).result["wrong"]
    assert "TEST-root.crl was changed" in wrong
    assert any("CRL" in each for each in wrong[1:])


def test_another_plan_is_not_this_ceremonys(copied: Path) -> None:
    copied.write_text(copied.read_text() + "\n# one more line\n")
    found = verify(copied, practice=False)
    assert any("another plan" in each for each in found.result["wrong"])


@pytest.mark.slow
@pytest.mark.parametrize("at", [3, 8, 12, 16, 22])
def test_killed_at_a_terminal_it_goes_on(tmp_path: Path, at: int) -> None:
    room = room_in(tmp_path)
    plan = room.plan("services", key_parts("services-ca"), kind="key")
    room.table.kill_at = at
    with pytest.raises(Killed):
        room.table.hold(plan)
    room.table.kill_at = None
    assert room.table.hold(plan) == 0, room.table.said
    assert verify(plan, practice=False).code == 0
    _no_half_made(tmp_path / "TEST-services")


def test_broken_off_at_every_question_it_goes_on(tmp_path: Path) -> None:
    at, ended = 0, False
    while not ended:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        room = room_in(folder)
        plan = room.plan("services", key_parts("services-ca"), kind="key")
        room.table.kill_at = at
        try:
            room.table.hold_here(plan)
            ended = True
        except Killed:
            _no_half_made(folder / "TEST-services")
            room.table.kill_at = None
            room.table.hold_here(plan)
        assert verify(plan, practice=False).code == 0
    assert at > 20


def test_a_resumed_run_asks_for_the_shares_again(room: Room) -> None:
    parts = key_parts("root", "rsa-3072") + ROOT_CRL_PARTS
    plan = room.plan("root", parts, kind="root")
    room.table.replies = {r".+ sign exactly this\. Type Ja or stop: ": _stop}
    assert room.table.hold_here(plan).code == 1
    room.table.replies = {}
    assert room.table.hold_here(plan).code == 0
    lines = read_lines((room.folder / ROOT_FOLDER / TRANSCRIPT).read_bytes())
    kinds = [line.kind for line in lines]
    assert kinds.index("stopped") < kinds.index("resumed") < kinds.index("unlocked")
    assert verify(plan, practice=False).code == 0


def _stop(_table: Table, _match: re.Match[str]) -> str:
    return "stop"


def _no_half_made(folder: Path) -> None:
    """Every visible file is named in the transcript with its digest."""
    if not (folder / TRANSCRIPT).exists():
        return
    lines = read_lines((folder / TRANSCRIPT).read_bytes())
    named = {each["name"] for line in lines if line.kind == "made" for each in line.data["files"]}
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert there - {TRANSCRIPT} <= named
