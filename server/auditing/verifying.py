"""Whether an export is what was signed: the file, its entries, and what they follow."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pki.domain.errors import ConfigurationInvalid, SignatureBroken
from pki.domain.evidence.checkpoints import Checkpoint, verify_against
from pki.domain.evidence.exports import ExportStatement
from pki.domain.journal import GENESIS, JournalHead, RawEntry
from pki.trust.evidence import verify_evidence
from server.auditing.reading import read_export

_ANOTHER = "do not rely on the file; have a new export made"


def verify_export(
    path: Path, checkpoints: Sequence[Checkpoint], *, part: bool
) -> tuple[JournalHead, JournalHead]:
    """What the first entry follows, and the last entry.

    Only a ``part``, of which a signature says what its first entry follows, may begin later than
    with entry 1: in any other file the entries before it are missing.

    Raises:
        ChainBroken: an entry does not hold, or a checkpoint is contradicted.
        Malformed: the file is no export.
    """
    entries = read_export(path)
    first = next(entries, None)
    before = JournalHead(position=0, digest=GENESIS)
    if part and first is not None and first.position > 1:
        before = JournalHead(position=first.position - 1, digest=first.previous)

    def whole() -> Iterator[RawEntry]:
        if first is not None:
            yield first
        yield from entries

    return before, verify_against(whole(), checkpoints, after=before)


def verify_statement(
    export: Path, signature: Path, roots: tuple[bytes, ...], found: tuple[JournalHead, JournalHead]
) -> ExportStatement:
    """Make sure that this very file was signed, and holds what the statement says.

    Raises:
        ConfigurationInvalid: the signature cannot be read.
        Malformed: it is none of an export.
        SignatureBroken: it does not verify below ``roots``, or is of another file.
    """
    try:
        signed = signature.read_bytes()
    except OSError as error:
        raise ConfigurationInvalid(
            key="--signature",
            message=f"{signature} cannot be read: {error.strerror}",
            next_step="name the file that zorgid journal export --sign made beside the export",
        ) from error
    statement = ExportStatement.read(verify_evidence(signed, roots).content)
    with export.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != statement.file_sha256:
        raise SignatureBroken(message="the file is not the one that was signed", next_step=_ANOTHER)
    before, last = found
    says = (statement.first - 1, statement.previous, statement.last, statement.digest)
    if says != (before.position, before.digest.hex(), last.position, last.digest.hex()):
        raise SignatureBroken(
            message="the statement is not about the entries in the file", next_step=_ANOTHER
        )
    return statement
