"""A token whose keys are backed up: its plans, its archive, and who answers for it at the table."""

import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ca.ceremony.transcript import Line, read_lines
from fixtures.ceremony import Room
from pki.keys.pkcs11.ports import KeyName
from strangers.softhsm import PIN, SoftHsm

TOKEN = "kept"
SEAL = "A 000001"


@dataclass
class Vault:
    """A token with two keys, and the tool that SoftHSM does not have: tar."""

    softhsm: SoftHsm
    keys: dict[str, str] = field(default_factory=dict)

    def archive(self, path: Path) -> None:
        with tarfile.open(path, "w") as tar:
            tar.add(self.softhsm.tokens, arcname="tokens")

    def parts(self, media: str, *, keys: dict[str, str] | None = None) -> str:
        named = "".join(
            f'[[hsm.keys]]\nlabel = "{label}"\npublic_key_sha256 = "{digest}"\n'
            for label, digest in (self.keys if keys is None else keys).items()
        )
        return f"[hsm]\nothers = []\n{named}{media}"


def plan_of(room: Room, softhsm: SoftHsm, name: str, parts: str, *, kind: str) -> Path:
    token = f'token = {{ module = "{softhsm.module}", label = "{TOKEN}" }}'
    return room.plan(name, parts, kind=kind, top=f'keys = "pkcs11"\n{token}')


def medium(name: str, form: str = "file", extra: str = "") -> str:
    return f'[[hsm.media]]\nname = "{name}"\nform = "{form}"\nholder = "H. Een"\n{extra}\n'


def named(label: str) -> KeyName:
    key_id = hashlib.sha256(label.encode()).digest()[:8]
    return KeyName(token=TOKEN, key_id=key_id, label=label)


def answering(room: Room, *paths: Path) -> Room:
    """The table knows the PIN, the seals, and where the files are."""
    where: Iterator[str] = iter([str(path) for path in paths])
    room.table.replies = {
        r"PIN of token .+: ": lambda _table, _match: PIN.decode(),
        r".+: number of its seal: ": lambda _table, _match: SEAL,
        r".+: path of the backup's file: ": lambda _table, _match: next(where),
        r".+: serial number of the device: ": lambda _table, _match: "SN 42",
    }
    return room


def lines_of(folder: Path) -> tuple[Line, ...]:
    return read_lines((folder / "TEST-transcript.jsonl").read_bytes())


def unpacked(archive: Path, token: SoftHsm) -> None:
    """SoftHSM's restore: what is there goes, what is in the archive comes."""
    shutil.rmtree(token.tokens)
    # Python 3.11 before 3.11.4 knows no extraction filters.
    subprocess.run(("tar", "-xf", archive, "-C", token.folder), check=True, timeout=120)
