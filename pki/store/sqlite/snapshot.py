"""One moment of an SQLite store as a file of its own, while others go on writing."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pki.domain.errors import IntegrityBroken, StoreUnavailable
from pki.store.engine import BUSY_SECONDS

PAGES: Final = 4096
"""Copied between two reports of progress."""

Progress = Callable[[int, int], None]
"""Pages copied, and pages in all."""


def copy_sqlite(source: Path, target: Path, progress: Progress, *, pages: int = PAGES) -> None:
    """Copy the store as it is at the start of this call; ``target`` must not exist.

    It is one read transaction: writers are not held up, but the write-ahead log cannot shrink
    meanwhile. A copy that could not be finished is removed.

    Raises:
        StoreUnavailable: the store cannot be read, or the copy not written (a full disk).
    """
    with _translated("the store cannot be copied"):
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        with (
            _translated("the store cannot be copied"),
            closing(_connected(source, "ro")) as reading,
            closing(_connected(target, "rw")) as writing,
        ):
            reading.execute("BEGIN")
            reading.execute("SELECT position FROM journal_head").fetchone()
            reading.backup(
                writing,
                pages=pages,
                progress=lambda _status, left, total: progress(total - left, total),
            )
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def check_sqlite(path: Path) -> None:
    """Let SQLite examine every page and index of a copy.

    Raises:
        IntegrityBroken: it is damaged.
        StoreUnavailable: it cannot be read.
    """
    with _translated("the copy cannot be read"), closing(_connected(path, "ro")) as reading:
        found = reading.execute("PRAGMA integrity_check(1)").fetchone()
        orphans = reading.execute("PRAGMA foreign_key_check").fetchone()
    if found != ("ok",) or orphans is not None:
        raise IntegrityBroken(
            message=f"SQLite finds the copy damaged: {found[0] if found else 'no answer'}",
            next_step="use another backup",
        )


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreUnavailable(
            message=f"{what}: {error}", next_step="look at the disk of the store; is it full?"
        ) from None
    except OSError as error:
        raise StoreUnavailable(
            message=f"{what}: {error.strerror}", next_step="look at the disk of the store"
        ) from None
