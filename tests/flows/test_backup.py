"""A backup of a running installation: one moment of it, restored and drilled, for openssl too."""

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from fixtures.backup import Kept, asked, backed_up
from installed.practice import Practice, employee
from made.backups import flipped, write_recipient
from pki.domain.journal import JournalHead, RawEntry, verify_chain
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from secrecy.sought import Sought, written
from server.backups.examine import examine_backups
from server.installation import Layout
from server.settings import load


def journal(store: Path) -> tuple[JournalHead, list[RawEntry]]:
    """The head that a journal proves, and its entries."""

    def query(session: ReadSession) -> tuple[JournalHead, list[RawEntry]]:
        entries = list(session.raw_journal())
        head = verify_chain(entries)
        assert head == session.head()
        return head, entries

    reading = ReadStore.open(f"sqlite:///{store}", threads=1)
    try:
        return reading.read_sync(query)
    finally:
        reading.close_sync()


async def test_while_a_card_is_made(practice: Practice, tmp_path: Path) -> None:
    certificate, key = write_recipient(tmp_path, "first")
    backups = [tmp_path / f"{number}.cms" for number in range(5)]
    with practice.serving():
        async with asyncio.TaskGroup() as tasks:
            made = tasks.create_task(practice.make_card(employee(1)))
            for file in backups[:-1]:
                await asyncio.to_thread(backed_up, practice, file, certificate)
        assert made.result().card.state == "actief"
        told = backed_up(practice, backups[-1], certificate)["manifest"]
        opening = (str(backups[-1]), "--key", str(key))
        drilled = asked("backup-drill", *opening, "-c", str(practice.config))
        assert {each["level"] for each in drilled["findings"]} == {"ok"}
    _, live = journal(practice.layout.store)
    for file in backups:
        target = tmp_path / f"{file.name}-restored"
        claimed = asked("restore", str(file), str(target), "--key", str(key))["manifest"]
        head, entries = journal(Layout(target).store)
        assert (head.position, head.digest.hex()) == (claimed["position"], claimed["digest"])
        assert entries == live[: head.position]
    assert "card.confirmed" in {entry.kind for entry in live[: told["position"]]}


def test_what_is_restored_is_what_was_there(kept: Kept, tmp_path: Path) -> None:
    target = tmp_path / "restored"
    target.mkdir()
    for each in (kept.key, kept.other_key):
        asked("restore", str(kept.file), str(target), "--key", str(each))
        files = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
        assert all(path.stat().st_mode & 0o077 == 0 for path in target.rglob("*"))
        assert Path("keys/token-ca-g1.pem") in files
        assert Path("secrets/sealing.key") in files
        assert not [path for path in files if path.parts[0] in {"operators", "locks", "passes"}]
        for path in files - {Path("store/zorgid.sqlite3"), Path("store/restored.json")}:
            if path.parts[0] != "store":
                original = kept.practice.layout.root / path
                assert (target / path).read_bytes() == original.read_bytes()
        target = tmp_path / "again"


def test_doctor_knows_the_last_one_and_a_restored_store_none(kept: Kept, tmp_path: Path) -> None:
    def found(config: Path) -> list[str]:
        settings = load(config)
        for_real = settings.installation.model_copy(update={"kind": "production"})
        told = settings.model_copy(update={"installation": for_real})
        return [each.level for each in examine_backups(told, SystemClock().now())]

    assert found(kept.practice.config) == ["ok", "ok", "ok"]
    target = tmp_path / "restored"
    asked("restore", str(kept.file), str(target), "--key", str(kept.key))
    assert found(Layout(target).config) == ["problem"]


def test_nothing_secret_is_readable_in_it(kept: Kept) -> None:
    octets, root = kept.file.read_bytes(), kept.practice.layout.root
    assert kept.file.stat().st_mode & 0o777 == 0o600
    secrets = {path.name: written(path.read_bytes().strip()) for path in root.glob("secrets/*")}
    assert len(secrets) >= 4
    assert Sought.of(secrets).within(octets) == set()
    for mark in (b"SQLite format 3", b"PRIVATE KEY", b"ustar", b"manifest.json"):
        assert mark not in octets


@pytest.mark.openssl
def test_openssl_and_tar_open_it(kept: Kept, tmp_path: Path) -> None:
    opened = tmp_path / "backup.tar"
    words = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", str(kept.key)]
    words += ["-out", str(opened)]
    subprocess.run([*words, "-in", str(kept.file)], check=True, capture_output=True)
    folder = tmp_path / "files"
    folder.mkdir()
    subprocess.run(["tar", "-xf", str(opened), "-C", str(folder)], check=True, capture_output=True)
    told = json.loads((folder / "manifest.json").read_bytes())
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == len(told["files"]) + 1
    for each in told["files"]:
        octets = (folder / each["name"]).read_bytes()
        assert (len(octets), hashlib.sha256(octets).hexdigest()) == (each["size"], each["sha256"])
    damaged = tmp_path / "damaged.cms"
    damaged.write_bytes(flipped(kept.file.read_bytes(), -40))
    ran = subprocess.run([*words, "-in", str(damaged)], check=False, capture_output=True)
    assert ran.returncode != 0


def test_what_stood_outside_is_kept_and_said(
    practice: Practice, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On another computer it is not there yet: the restore must not need it."""
    certificate, key = write_recipient(tmp_path, "first")
    outside = tmp_path_factory.mktemp("outside") / "practice statement.txt"
    practice.layout.cps.rename(outside)
    practice.change(('cps = "cps.txt"', f'cps = "{outside}"'))
    secret = practice.layout.secret("sealing.key")
    linked = secret.rename(outside.with_name("sealing.key"))
    secret.symlink_to(linked)
    file, target = tmp_path / "backup.cms", tmp_path / "restored"
    backed_up(practice, file, certificate)
    drilled = asked("backup-drill", str(file), "--key", str(key), "-c", str(practice.config))
    assert [each["about"] for each in drilled["findings"] if each["level"] != "ok"] == ["keys"]
    statement = outside.read_bytes()
    outside.unlink()
    told = asked("restore", str(file), str(target), "--key", str(key))
    assert told["elsewhere"] == [f"elsewhere{outside}"]
    assert (target / told["elsewhere"][0]).read_bytes() == statement
    assert Layout(target).secret("sealing.key").read_bytes() == linked.read_bytes()
