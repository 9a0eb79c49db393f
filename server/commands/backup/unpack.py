"""`zorgid restore`: a backup becomes an installation again, and says that it is an old one."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from pki.domain.errors import Conflict
from pki.domain.event_codec import encode_time
from pki.ports import Clock
from server.commands.backup.archive import read_archive
from server.commands.backup.disk import disk_errors, make_durable, require_folder
from server.commands.backup.envelope import Envelope
from server.commands.backup.manifest import ELSEWHERE, Manifest
from server.commands.backup.recipients import read_key
from server.commands.backup.store_copy import put_back, refuse_password
from server.report import Report
from server.restored import Restored, write_marker

Say = Callable[[str], None]

WARNING: Final = (
    "THIS STORE IS OLD. Certificates issued since are unknown to it; cards blocked or revoked "
    "since are good in it; orders, organisations and operators registered since are gone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens a backup."""

    source: Path
    key: Path
    passphrase_file: Path | None = None

    def private_key(self) -> RSAPrivateKey:
        """The recipient's key.

        Raises:
            ConfigurationInvalid: it cannot be used.
        """
        return read_key(self.key, self.passphrase_file)


def restore(
    opening: Opening, directory: Path, *, database: str | None = None, say: Say, clock: Clock
) -> Report:
    """Make an installation from a backup in a new or empty folder: whole, or not at all.

    A store that was in PostgreSQL goes into an empty ``database``, by default the one that the
    configuration in the backup names. When it does not verify there, the database stays filled.

    Raises:
        Conflict: the folder or the database is not empty.
        ConfigurationInvalid: ``database`` does not go with the backup, or holds a password.
        EnvironmentMissing: PostgreSQL's programs are needed and not here.
        KeyMismatch: the backup is not encrypted to this key.
        IntegrityBroken: it was changed or cut off, or its store does not verify.
        Unavailable: the disk is full or refuses.
    """
    target = directory.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Conflict(
            message=f"{target} is not an empty folder", next_step="name a new folder to restore to"
        )
    refuse_password(database)
    key = opening.private_key()
    with _draft(target) as draft:
        manifest = unpack(opening.source, key, draft, say)
        marker = put_back(draft, manifest, database, say)
        restored = Restored(
            backup_made_at=manifest.made_at,
            restored_at=encode_time(clock.now()),
            position=manifest.position,
            digest=manifest.digest,
            crl_number=manifest.crls[manifest.issuing],
        )
        write_marker(marker, restored)
        draft.rename(target)
        make_durable(target.parent)
    return _report(target, manifest, restored)


def unpack(source: Path, key: RSAPrivateKey, folder: Path, say: Say) -> Manifest:
    """Decrypt into ``folder``; nothing is written before the whole file was authenticated.

    Raises:
        As `restore`.
    """
    with disk_errors(source), source.open("rb") as file:
        say("authenticating the whole file")
        envelope = Envelope(file, key)
        envelope.verify()
        say(f"writing {envelope.size} octets")
        with disk_errors(folder):
            return read_archive(envelope.chunks(), folder)


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` that is gone at the end unless it was renamed."""
    require_folder(target)
    with disk_errors(target):
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _report(target: Path, manifest: Manifest, restored: Restored) -> Report:
    elsewhere = [each.name for each in manifest.files if each.name.startswith(f"{ELSEWHERE}/")]
    config = target / manifest.configuration
    result = {
        "directory": str(target),
        "configuration": str(config),
        "elsewhere": elsewhere,
        "warning": WARNING,
        "crl_number": restored.crl_number,
        "manifest": manifest.summary(),
    }
    lines = [
        f"{manifest.kind} installation {manifest.installation} restored in {target}",
        f"  as it was at {manifest.made_at}: journal at {manifest.position}, verified",
        f"  head {manifest.digest}",
        WARNING,
        *(f"  not put back, it stood elsewhere: /{name.partition('/')[2]}" for name in elsewhere),
        f"no service starts on it until: zorgid restore-confirm --config {config}",
        "docs/backup.md says what to do first",
    ]
    return Report(result=result, lines=lines)
