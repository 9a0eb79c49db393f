"""CRLs as files in a folder, for a web server or a copying program: always one whole CRL.

A file is written beside its place, made durable, and renamed; whoever reads sees the old one or the
new one. Its time of change is the CRL's thisUpdate, so that a web server's Last-Modified is right.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from crl.sinks.order import Standing, must_be_laid, must_be_put
from crl.sinks.ports import Paper
from pki.domain.errors import Unavailable
from pki.domain.records import PublishedCrl
from pki.ports import Clock

T = TypeVar("T")

ARCHIVE: Final = "archive"
_READABLE: Final = 0o644
_ENTERABLE: Final = 0o755


class FolderSink:
    """Writes ``<name>.crl``, and ``archive/<name>/<number>.crl`` for so many days (0: none).

    The folder must be there: a disk that is not mounted is a failure, not an empty folder. One
    process at a time may write to it.
    """

    name: Final = "folder"

    def __init__(self, folder: Path, *, archive_days: int, clock: Clock) -> None:
        self._folder = folder
        self._archive_days = archive_days
        self._clock = clock
        # A folder on a network may hang for long: nothing else waits for this thread.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="crl-folder")

    @property
    def keeps_old(self) -> bool:
        """Whether there is an archive."""
        return self._archive_days > 0

    async def show(self, name: str, crl: PublishedCrl) -> bool:
        """Put it in place unless it is there."""
        return await self._run(partial(_put, self._file(name), crl))

    async def keep(self, name: str, crl: PublishedCrl) -> None:
        """Put it into the archive, and take out what is too old."""
        await self._run(partial(self._keep, name, crl))

    async def shown(self, name: str) -> int | None:
        """The number in the file."""
        found = await self._run(partial(_standing, self._file(name)))
        return None if found is None else found.number

    async def read(self, path: str) -> bytes | None:
        """What stands beside the CRLs."""
        return await self._run(partial(_octets, self._folder / path))

    async def lay(self, paper: Paper) -> bool:
        """Put it beside the CRLs, unless it is there."""
        return await self._run(partial(self._lay, paper))

    def close(self) -> None:
        """Let the thread end by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.crl"

    def _keep(self, name: str, crl: PublishedCrl) -> None:
        folder = self._below(ARCHIVE, name)
        _put(folder / f"{crl.number}.crl", crl)
        before = (self._clock.now() - timedelta(days=self._archive_days)).timestamp()
        _prune(folder, before)

    def _lay(self, paper: Paper) -> bool:
        path = self._folder / paper.path
        if not must_be_laid(_octets(path), paper, str(path)):
            return False
        self._below(*Path(paper.path).parts[:-1])
        _replace(path, paper.octets, paper.at.timestamp())
        return True

    def _below(self, *names: str) -> Path:
        folder = self._folder
        for each in names:
            folder /= each
            if not folder.is_dir():
                folder.mkdir()
                folder.chmod(_ENTERABLE)
                _make_durable(folder.parent)
        return folder

    async def _run(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._guarded, work)

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            if not self._folder.is_dir():
                raise Unavailable(
                    message=f"the folder {self._folder} is not there",
                    next_step="make or mount it, writable for the publisher",
                )
            return work()
        except OSError as error:
            raise Unavailable(
                message=f"the folder {self._folder} cannot be used: {error.strerror}",
                next_step="let the publisher write there, or make room",
            ) from error


def _octets(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _standing(path: Path) -> Standing | None:
    octets = _octets(path)
    return None if octets is None else Standing.of(octets)


def _put(path: Path, crl: PublishedCrl) -> bool:
    if not must_be_put(_standing(path), crl, str(path)):
        return False
    _replace(path, crl.der, crl.this_update.timestamp())
    return True


def _replace(path: Path, octets: bytes, moment: float) -> None:
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        _write(descriptor, octets, moment)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _make_durable(path.parent)


def _write(descriptor: int, octets: bytes, moment: float) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fchmod(descriptor, _READABLE)
        os.utime(descriptor, (moment, moment))
        os.fsync(descriptor)


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prune(folder: Path, before: float) -> None:
    """Remove the CRLs of before this time, but never the newest."""
    numbered = sorted(
        (int(path.stem), path) for path in folder.glob("*.crl") if path.stem.isdecimal()
    )
    for _, path in numbered[:-1]:
        if path.stat().st_mtime < before:
            path.unlink()
