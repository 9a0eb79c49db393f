"""`zorgid backup`: one moment of a running installation, in one encrypted file."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Final

from cryptography import x509

from pki.domain.errors import IntegrityBroken
from pki.domain.event_codec import encode_time
from pki.ports import Clock, Entropy
from server.backups.record import LastBackup, write_record
from server.commands.backup.archive import Source, archive_size, write_archive
from server.commands.backup.contents import sources_of
from server.commands.backup.disk import disk_errors, new_file
from server.commands.backup.envelope import CHUNK, EnvelopeWriter
from server.commands.backup.manifest import Manifest
from server.commands.backup.recipients import read_recipients
from server.commands.backup.store_copy import store_copy
from server.commands.backup.stored import StoreState
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
    copy or in the very snapshot that pg_dump sees. The copy, not encrypted, is beside the store or
    the configuration meanwhile, and removed.

    Raises:
        Conflict: ``target`` exists.
        ConfigurationInvalid: a recipient or a file cannot be used.
        EnvironmentMissing: the store is in PostgreSQL, whose programs are not here.
        IntegrityBroken: the store does not verify; no backup is made of a broken one.
        Unavailable: the disk is full or refuses.
    """
    settings = load(config)
    certificates = read_recipients(recipients, clock.now(), say)
    made_at = encode_time(clock.now())
    with new_file(target) as out, store_copy(config, settings, say) as copy:
        _require_kind(copy.state, settings)
        sources = [*sources_of(config, settings), copy.source]
        manifest = _manifest((config, settings), made_at, copy.state, sources)
        say(f"encrypting {len(sources)} files to {len(certificates)} recipients")
        content = manifest.to_json()
        size = archive_size(content, manifest.files)
        writer = EnvelopeWriter(out, recipients=certificates, size=size, entropy=entropy)
        write_archive(content, sources, manifest.files, writer.write)
        writer.finish()
    last = _made(target, manifest)
    try:
        write_record(settings, last)
    except OSError as error:
        say(f"zorgid doctor will not know of this backup: {error.strerror}")
    return _report(last, manifest, certificates)


def _made(target: Path, manifest: Manifest) -> LastBackup:
    return LastBackup(
        file=str(target.resolve()),
        size=target.stat().st_size,
        sha256=_sha256(target),
        made_at=manifest.made_at,
        position=manifest.position,
        digest=manifest.digest,
    )


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


def _report(
    made: LastBackup, manifest: Manifest, certificates: Sequence[x509.Certificate]
) -> Report:
    names = [each.subject.rfc4514_string() for each in certificates]
    result = {
        "file": made.file,
        "size": made.size,
        "sha256": made.sha256,
        "recipients": names,
        "manifest": manifest.summary(),
    }
    lines = [
        f"backup of the {manifest.kind} installation {manifest.installation}: {made.file}",
        f"  {made.size} octets, SHA-256 {made.sha256}",
        f"  journal at {manifest.position}, head {manifest.digest}",
        f"  {len(manifest.files)} files, encrypted to {', '.join(names)}",
        "write the SHA-256 and the head down elsewhere: encryption hides, it does not say who made",
        f"next: prove it on another computer: zorgid backup-drill {made.file} --key KEY",
    ]
    return Report(result=result, lines=lines)
