"""Writing files that must be whole or absent, and readable by their owner alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_new(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet, mode 0600, durably.

    Raises:
        FileExistsError: it exists; nothing is ever replaced.
    """
    with new_file(path) as file:
        file.write(content)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file, mode 0600, piece by piece; durable at the end, removed when it fails.

    Raises:
        FileExistsError: it exists; nothing is ever replaced.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def replace_file(path: Path, content: bytes) -> None:
    """Put a new file in place by rename: readers see the old one or the new one, never half."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    write_new(part, content)
    part.replace(path)
