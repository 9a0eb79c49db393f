"""A tar archive (POSIX.1-2001) with the manifest first, written and read as a stream."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from pki.domain.errors import Conflict, IntegrityBroken, Malformed
from server.commands.backup.envelope import CHUNK
from server.commands.backup.manifest import NAME, FileEntry, Manifest

MANIFEST_MAX: Final = 16 << 20

Write = Callable[[bytes], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file to be archived: small ones in memory, so that nothing can change them meanwhile."""

    name: str
    content: bytes | Path

    def entry(self) -> FileEntry:
        """What the manifest says of it."""
        digest, size = hashlib.sha256(), 0
        for chunk in self.chunks():
            digest.update(chunk)
            size += len(chunk)
        return FileEntry(name=self.name, size=size, sha256=digest.hexdigest())

    def chunks(self) -> Iterator[bytes]:
        """Its content."""
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def archive_size(manifest: bytes, entries: Iterable[FileEntry]) -> int:
    """How many octets `write_archive` writes."""
    sizes = [(NAME, len(manifest)), *((each.name, each.size) for each in entries)]
    total = sum(len(_header(name, size)) + size + _padding(size) for name, size in sizes)
    return _whole(total)


def write_archive(
    manifest: bytes, sources: Sequence[Source], entries: Sequence[FileEntry], write: Write
) -> None:
    """Write all members, then the end of the archive.

    Raises:
        Conflict: a file is not what it was when the manifest was made.
    """
    written = _write_member(NAME, len(manifest), [manifest], write)
    for source, entry in zip(sources, entries, strict=True):
        digest = hashlib.sha256()
        written += _write_member(entry.name, entry.size, _hashed(source, digest.update), write)
        if digest.hexdigest() != entry.sha256:
            raise _changed(entry.name)
    write(bytes(_whole(written) - written))


def read_archive(chunks: Iterator[bytes], target: Path) -> Manifest:
    """Write every file of the manifest below ``target``, for its owner alone.

    Raises:
        Malformed: not such an archive.
        IntegrityBroken: a file is missing, of another content, or not in the manifest.
    """
    try:
        with tarfile.open(fileobj=_Stream(chunks), mode="r|") as archive:
            manifest = _read_manifest(archive)
            wanted = dict(manifest.by_name)
            while (member := archive.next()) is not None:
                entry = wanted.pop(member.name, None)
                content = archive.extractfile(member) if member.isreg() else None
                if entry is None or content is None:
                    raise IntegrityBroken(message=f"{member.name!r} is not in the manifest")
                _write_file(target / entry.name, content, entry)
    except tarfile.TarError:
        raise Malformed(what="backup", message="the content is not an archive") from None
    if wanted:
        raise IntegrityBroken(
            message=f"the backup lacks {len(wanted)} files, the first is {min(wanted)}",
            next_step="use another backup",
        )
    return manifest


def _read_manifest(archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    content = None if first is None or first.name != NAME else archive.extractfile(first)
    if first is None or content is None or first.size > MANIFEST_MAX:
        raise Malformed(what="backup", message="the archive does not begin with its manifest")
    return Manifest.from_json(content.read())


def _write_file(path: Path, content: IO[bytes], entry: FileEntry) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(descriptor, "wb") as file:
        while chunk := content.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    if (size, digest.hexdigest()) != (entry.size, entry.sha256):
        raise IntegrityBroken(
            message=f"{entry.name} is not what the manifest says", next_step="use another backup"
        )


def _write_member(name: str, size: int, chunks: Iterable[bytes], write: Write) -> int:
    header, left = _header(name, size), size
    write(header)
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise _changed(name)
        write(chunk)
    if left:
        raise _changed(name)
    write(bytes(_padding(size)))
    return len(header) + size + _padding(size)


def _hashed(source: Source, update: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in source.chunks():
        update(chunk)
        yield chunk


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _padding(size: int) -> int:
    return -size % tarfile.BLOCKSIZE


def _whole(size: int) -> int:
    """With the two empty blocks at the end, in whole records."""
    ended = size + 2 * tarfile.BLOCKSIZE
    return ended + -ended % tarfile.RECORDSIZE


def _changed(name: str) -> Conflict:
    return Conflict(message=f"{name} changed while it was read", next_step="start the backup again")


class _Stream(io.RawIOBase):
    """Chunks as a file that is read from front to back."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` octets; nothing at the end."""
        parts: list[memoryview] = []
        while size:
            if not self._held:
                self._held = memoryview(next(self._chunks, b""))
                if not self._held:
                    break
            part, self._held = self._held[:size], self._held[size:]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
