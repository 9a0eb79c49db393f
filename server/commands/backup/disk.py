"""Files that appear whole or not at all, and what a disk that refuses means."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from pki.domain.errors import ConfigurationInvalid, Conflict, Unavailable
from server.report import of_system

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """A file that gets its name at the end of the block; after an error nothing is left.

    Raises:
        Conflict: ``target`` exists; nothing is ever replaced.
        ConfigurationInvalid: the folder is not there.
        Unavailable: the disk is full.
    """
    require_folder(target)
    if target.exists() or target.is_symlink():
        raise _exists(target)
    with disk_errors(target):
        descriptor, draft = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _appear(Path(draft), target)
        finally:
            Path(draft).unlink(missing_ok=True)


def require_folder(target: Path) -> None:
    """Make sure that the folder is there in which ``target`` is to appear.

    Raises:
        ConfigurationInvalid: it is not.
    """
    folder = target.absolute().parent
    if not folder.is_dir():
        raise ConfigurationInvalid(
            key=str(target),
            message=f"there is no folder {folder}",
            next_step="make it, or mount the disk that it is on; or name another",
        )


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """What the operating system refuses, as errors that say what to do.

    Raises:
        Unavailable: the disk is full, or a file may not become that large.
        ZorgidError: anything else, as everywhere in the program.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise of_system(error) from error
        raise Unavailable(
            message=f"{path} does not fit: {error.strerror}",
            next_step="make room, then start again; nothing was left behind",
        ) from error


def _appear(draft: Path, target: Path) -> None:
    """A hard link appears whole and fails on an existing name, which a rename would replace."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise _exists(target) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if target.exists():
            raise _exists(target) from None
        draft.replace(target)
    make_durable(target.parent)


def make_durable(folder: Path) -> None:
    """Names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exists(target: Path) -> Conflict:
    return Conflict(message=f"{target} exists", next_step="name a new file; none is replaced")
