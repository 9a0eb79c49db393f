"""What is no backup, opens for no one, or does not fit, is refused, and nothing half is left."""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.backup import Kept, answered, backed_up
from installed.practice import Practice
from made.backups import (
    CONFIG,
    SECRET,
    SOURCES,
    archived,
    flipped,
    manifest,
    sealed,
    write_recipient,
)
from server.commands.backup.archive import Source
from server.commands.backup.disk import new_file

Damage = Callable[[bytes], bytes]
DAMAGES: list[tuple[str, Damage, int]] = [
    ("cut off or joined", lambda octets: octets[:-1], 1),
    ("cut off or joined", lambda octets: octets[: len(octets) // 2], 1),
    ("cut off or joined", lambda octets: octets + b"\0", 1),
    ("authentication tag does not hold", lambda octets: flipped(octets, -1), 1),
    ("authentication tag does not hold", lambda octets: flipped(octets, -50_000), 1),
    ("authentication tag does not hold", lambda octets: flipped(octets, 2000), 1),
    ("not a file made by zorgid backup", lambda octets: octets[1:], 2),
    ("not a file made by zorgid backup", lambda _octets: b"", 2),
]


def refused(kept: Kept, file: Path, target: Path, key: Path | None = None) -> tuple[str, int]:
    """What restore and drill say alike; neither may leave anything."""
    before = sorted(target.parent.rglob("*"))
    opening = ("--key", str(key or kept.key), "--json")
    answer = answered("restore", str(file), str(target), *opening)
    drilled = answered("backup-drill", str(file), *opening)
    assert sorted(target.parent.rglob("*")) == before
    error = answer.json["error"]
    assert drilled.json["error"] == error
    assert error["next"]
    return error["message"], answer.code


@pytest.mark.parametrize(("said", "damage", "code"), DAMAGES)
def test_a_damaged_backup(kept: Kept, tmp_path: Path, said: str, damage: Damage, code: int) -> None:
    file = tmp_path / "damaged.cms"
    file.write_bytes(damage(kept.file.read_bytes()))
    message, found = refused(kept, file, tmp_path / "restored")
    assert said in message
    assert found == code


def test_another_key(kept: Kept, tmp_path: Path) -> None:
    message, code = refused(kept, kept.file, tmp_path / "restored", kept.stranger)
    assert (message, code) == ("this backup is not encrypted to this key", 1)


WHOLE = manifest(*(source.entry() for source in SOURCES))
WRONG: list[tuple[str, bytes]] = [
    ("lacks 1 files, the first is secrets/passphrase", archived(WHOLE, (CONFIG, SOURCES[2]))),
    (
        "'extra' is not in the manifest",
        archived(WHOLE, (*SOURCES, Source(name="extra", content=b""))),
    ),
    (
        "secrets/passphrase is not what the manifest says",
        archived(WHOLE, (CONFIG, Source(name=SECRET.name, content=b"x" * 16), SOURCES[2])),
    ),
    ("does not begin with its manifest", bytes(10_240)),
    ("the content is not an archive", b"no archive" * 1024),
    ("cannot be read", archived(WHOLE).replace(b'"position": 3', b'"position": x')),
]


@pytest.mark.parametrize(("said", "content"), WRONG, ids=[said for said, _ in WRONG])
def test_content_that_is_not_what_the_manifest_says(
    kept: Kept, tmp_path: Path, said: str, content: bytes
) -> None:
    file = tmp_path / "wrong.cms"
    file.write_bytes(sealed(content, "first"))
    message, _ = refused(kept, file, tmp_path / "restored")
    assert said in message


def test_a_link_out_of_the_folder_is_no_file(kept: Kept, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        octets = WHOLE.to_json()
        first = tarfile.TarInfo("manifest.json")
        first.size = len(octets)
        archive.addfile(first, io.BytesIO(octets))
        link = tarfile.TarInfo(SECRET.name)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    file = tmp_path / "link.cms"
    file.write_bytes(sealed(out.getvalue(), "first"))
    message, _ = refused(kept, file, tmp_path / "restored")
    assert "is not in the manifest" in message


def test_nothing_is_replaced(kept: Kept, tmp_path: Path) -> None:
    certificate, _ = write_recipient(tmp_path, "first")
    octets = kept.file.read_bytes()
    config = ("-c", str(kept.practice.config))
    ran = answered("backup", str(kept.file), "--to", str(certificate), *config)
    assert ran.code == 1
    assert "exists" in ran.stderr
    assert kept.file.read_bytes() == octets
    target = tmp_path / "full"
    target.mkdir()
    (target / "something").touch()
    for each in (target, target / "something"):
        ran = answered("restore", str(kept.file), str(each), "--key", str(kept.key))
        assert ran.code == 1
        assert "is not an empty folder" in ran.stderr
    assert [path.name for path in target.iterdir()] == ["something"]


@pytest.mark.parametrize(
    ("command", "blocks"), [("backup", 1), ("backup", 480), ("restore", 1), ("restore", 400)]
)
def test_a_full_disk_leaves_nothing(kept: Kept, tmp_path: Path, command: str, blocks: int) -> None:
    """First the copy of the store does not fit, then the encrypted file."""
    certificate, key = write_recipient(tmp_path, "first")
    folder, store = tmp_path / "disk", kept.practice.layout.store.parent
    folder.mkdir()
    before = sorted(store.iterdir())
    words = {
        "backup": (str(folder / "new.cms"), "--to", str(certificate)),
        "restore": (str(kept.file), str(folder / "restored"), "--key", str(key)),
    }[command]
    ran = limited(kept.practice, blocks, command, *words)
    assert ran.returncode == 4, ran.stdout + ran.stderr
    assert "next:" in ran.stderr
    assert not list(folder.iterdir())
    assert sorted(store.iterdir()) == before


def limited(practice: Practice, blocks: int, *words: str) -> subprocess.CompletedProcess[str]:
    """The program where no file may have more than so many blocks of 512 octets."""
    script = f'ulimit -f {blocks}; exec "$0" "$@"'
    program = Path(sys.executable).with_name("zorgid")
    return subprocess.run(
        ["sh", "-c", script, str(program), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=practice.layout.root,
        # A compiled module that does not fit would be read by all who come after.
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )


def test_who_cannot_receive(kept: Kept, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    backup = ("backup", str(tmp_path / "new.cms"), "-c", str(kept.practice.config))
    ours = kept.practice.layout.certificate("services-ca-g1")
    for path, said in (
        (wrong, "does not hold a certificate"),
        (tmp_path / "missing.pem", "cannot be read"),
        (ours, "has no RSA key"),
    ):
        ran = answered(*backup, "--to", str(path))
        assert ran.code == 2
        assert said in ran.stderr
    assert answered(*backup).code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.pem"]


def test_a_broken_store_is_not_backed_up(practice: Practice, tmp_path: Path) -> None:
    certificate, _ = write_recipient(tmp_path, "first")
    octets = practice.layout.store.read_bytes()
    assert octets.count(b'"kind":"practice"') == 1
    changed = octets.replace(b'"kind":"practice"', b'"kind":"Practice"')
    practice.layout.store.write_bytes(changed)
    file = tmp_path / "new.cms"
    ran = answered("backup", str(file), "--to", str(certificate), "-c", str(practice.config))
    assert ran.code == 1
    assert "journal entry 1 was changed" in ran.stderr
    assert not file.exists()


def test_a_drill_sees_another_store(kept: Kept, practice: Practice, tmp_path: Path) -> None:
    """The copy goes another way after the same beginning."""
    certificate, key = write_recipient(tmp_path, "first")
    with practice.serving():
        pass
    file = tmp_path / "other.cms"
    backed_up(practice, file, certificate)
    words = ("backup-drill", str(file), "--key", str(key), "-c", str(kept.practice.config))
    ran = answered(*words, "--json")
    assert ran.code == 1
    findings = ran.json["result"]["findings"]
    (found,) = (each for each in findings if each["level"] == "problem")
    assert "its journal does not go through entry" in found["text"]


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_folder_that_is_not_there_is_named(kept: Kept, tmp_path: Path, command: str) -> None:
    certificate, _ = write_recipient(tmp_path, "first")
    target = tmp_path / "away" / "new"
    config = str(kept.practice.config)
    words = {
        "backup": ("backup", str(target), "--to", str(certificate), "-c", config),
        "restore": ("restore", str(kept.file), str(target), "--key", str(kept.key)),
    }
    ran = answered(*words[command], "--json")
    assert ran.code == 2
    assert ran.json["error"]["message"] == f"there is no folder {target.parent}"
    assert ran.json["error"]["next"].startswith("make it")


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def half() -> None:
        with new_file(tmp_path / "new") as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert not list(tmp_path.iterdir())
