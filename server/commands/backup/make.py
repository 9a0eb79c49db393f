"""`zorgid backup`: one moment of a running installation, in one encrypted file."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Final

from cryptography import x509

from pki.domain.errors import ConfigurationInvalid, IntegrityBroken
from pki.domain.event_codec import encode_time
from pki.ports import Clock, Entropy
from pki.store.sqlite.snapshot import copy_sqlite
from server.commands.backup.archive import Source, archive_size, write_archive
from server.commands.backup.contents import archived_name, sources_of
from server.commands.backup.disk import disk_errors, new_file
from server.commands.backup.envelope import CHUNK, EnvelopeWriter
from server.commands.backup.manifest import Manifest
from server.commands.backup.recipients import read_recipients
from server.commands.backup.stored import StoreState, examine_store, issuers_of
from server.report import Report
from server.settings import Settings, load

Say = Callable[[str], None]

_DISTRIBUTION: Final = "zorgid-token-ca"


def back_up(
    config: Path,
    target: Path,
    recipients: Sequence[Path],
    *,
    say: Say,
    clock: Clock,
    entropy: Entropy,
) -> Report:
    """Write a new encrypted file with everything that makes this installation what it is.

    The store is copied as it is at one moment, while servers go on; its journal is verified in the
    copy. The copy, not encrypted, is beside the store meanwhile, and removed.

    Raises:
        Conflict: ``target`` exists.
        ConfigurationInvalid: a recipient or a file cannot be used, or the store is PostgreSQL.
        IntegrityBroken: the store does not verify; no backup is made of a broken one.
        Unavailable: the disk is full or refuses.
    """
    settings = load(config)
    store = _sqlite_store(settings)
    certificates = read_recipients(recipients, clock.now(), say)
    made_at = encode_time(clock.now())
    with new_file(target) as out, _snapshot(store, say) as copy:
        state = examine_store(copy, issuers_of(settings), say)
        _require_kind(state, settings)
        sources = sources_of(config, settings)
        root = config.resolve().parent
        sources.append(Source(name=archived_name(store, root), content=copy))
        manifest = _manifest((config, settings), made_at, state, sources)
        say(f"encrypting {len(sources)} files to {len(certificates)} recipients")
        content = manifest.to_json()
        size = archive_size(content, manifest.files)
        writer = EnvelopeWriter(out, recipients=certificates, size=size, entropy=entropy)
        write_archive(content, sources, manifest.files, writer.write)
        writer.finish()
    return _report(target, manifest, certificates)


def _sqlite_store(settings: Settings) -> Path:
    if settings.store.path is None:
        raise ConfigurationInvalid(
            key="store.postgresql",
            message="the store is in PostgreSQL, whose own tools make consistent backups",
            next_step="run pg_dump or pg_basebackup, and copy secrets, keys, ca, profiles and the "
            "configuration with it (docs/backup.md)",
        )
    return settings.store.path


@contextmanager
def _snapshot(store: Path, say: Say) -> Iterator[Path]:
    """A private copy beside the store: on the one disk that may hold it unencrypted."""
    with (
        disk_errors(store.parent),
        tempfile.TemporaryDirectory(prefix=".backup-", dir=store.parent) as folder,
    ):
        copy = Path(folder, store.name)
        say("copying the store as it is at this moment")
        copy_sqlite(store, copy, _tenths(say))
        yield copy


def _tenths(say: Say) -> Callable[[int, int], None]:
    said = -1

    def progress(done: int, total: int) -> None:
        nonlocal said
        tenth = 10 * done // max(total, 1)
        if tenth > said:
            said = tenth
            say(f"  {done} of {total} pages")

    return progress


def _require_kind(state: StoreState, settings: Settings) -> None:
    if state.kind != settings.installation.kind:
        raise IntegrityBroken(
            message=f"the configuration says {settings.installation.kind}, "
            f"the store is of a {state.kind} installation",
            next_step="installations of different kinds are never mixed: use the right store",
        )


def _manifest(
    origin: tuple[Path, Settings], made_at: str, state: StoreState, sources: Sequence[Source]
) -> Manifest:
    """The store is the last of the sources."""
    config, settings = origin
    manifest = Manifest(
        made_at=made_at,
        program=version(_DISTRIBUTION),
        installation=state.installation,
        kind=state.kind,
        schema=state.schema,
        position=state.head.position,
        digest=state.head.digest.hex(),
        crls=state.crls,
        issuing=settings.token_ca[0].id,
        store=sources[-1].name,
        configuration=config.resolve().name,
        files=tuple(source.entry() for source in sources),
    )
    manifest.check()
    return manifest


def _sha256(path: Path) -> str:
    def chunks(file: BinaryIO) -> Iterator[bytes]:
        while chunk := file.read(CHUNK):
            yield chunk

    digest = hashlib.sha256()
    with disk_errors(path), path.open("rb") as file:
        for chunk in chunks(file):
            digest.update(chunk)
    return digest.hexdigest()


def _report(target: Path, manifest: Manifest, certificates: Sequence[x509.Certificate]) -> Report:
    names = [each.subject.rfc4514_string() for each in certificates]
    digest, size = _sha256(target), target.stat().st_size
    result = {
        "file": str(target),
        "size": size,
        "sha256": digest,
        "recipients": names,
        "manifest": manifest.summary(),
    }
    lines = [
        f"backup of the {manifest.kind} installation {manifest.installation}: {target}",
        f"  {size} octets, SHA-256 {digest}",
        f"  journal at {manifest.position}, head {manifest.digest}",
        f"  {len(manifest.files)} files, encrypted to {', '.join(names)}",
        "write the SHA-256 and the head down elsewhere: encryption hides, it does not say who made",
        f"next: prove it on another computer: zorgid backup-drill {target} --key KEY",
    ]
    return Report(result=result, lines=lines)
